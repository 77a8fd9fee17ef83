// Instructions, by families: a new one goes into the function of its family.
#include "decoder.h"

namespace ptx {

namespace {

Round rounding_of(const auto& s) {
  static const std::map<std::string_view, Round> rounds = {{"rn", Round::nearest},
                                                           {"rz", Round::zero},
                                                           {"rm", Round::down},
                                                           {"rp", Round::up},
                                                           {"rni", Round::to_int_nearest},
                                                           {"rzi", Round::to_int_zero},
                                                           {"rmi", Round::to_int_down},
                                                           {"rpi", Round::to_int_up}};
  for (const auto& [name, round] : rounds)
    if (s.has(name)) return round;
  return Round::none;
}

/// In which memory: its part of the name.
Space space_of(const auto& s) {
  static const std::map<std::string_view, Space> spaces = {
      {"global", Space::global}, {"shared", Space::shared}, {"local", Space::local}, {"param", Space::param}};
  for (const auto& [name, space] : spaces)
    if (s.has(name)) return space;
  return Space::generic;
}

}  // namespace

void Decoder::instruction() {
  Spelled s;
  s.i.line = token().line;
  s.i.file = file_;
  s.i.source_line = source_line_;
  if (take("@")) {
    s.i.guarded = true;
    s.i.guard_not = take("!");
    s.i.guard = operand(Type::pred);
  }
  s.op = m_.tokens[t_++].text;
  s.parts = split(s.op);
  modifiers(s);
  if (!(read_move(s) || read_sum_or_product(s) || read_function(s) || read_comparison(s) ||
        read_conversion(s) || read_access(s) || read_control(s) || read_barrier(s) || read_exchange(s) ||
        read_tiles(s)))
    fail("unknown instruction " + std::string(s.op));
  expect(";");
  p_.code.push_back(s.i);
}

void Decoder::modifiers(Spelled& s) const {
  s.i.type = type_named(s.parts.back());
  s.i.ftz = s.has("ftz");
  s.i.saturate = s.has("sat");
  s.i.approximate = s.has("approx");
  s.i.round = rounding_of(s);
  s.i.carry_out = s.has("cc");
}

void Decoder::plain(Instruction& i, Op op, std::initializer_list<Type> sources) {
  i.op = op;
  i.to[0] = operand(i.type);
  std::size_t k = 0;
  for (const Type type : sources) {
    expect(",");
    i.source[k++] = operand(type);
  }
}

/// mov, also of a register's parts; selp
bool Decoder::read_move(Spelled& s) {
  Instruction& i = s.i;
  if (s.base() == "selp") {
    plain(i, Op::selp, {i.type, i.type, Type::pred});
    i.kind = Class::integer;
    return true;
  }
  if (s.base() != "mov") return false;
  i.kind = Class::move;
  const Type half = i.type == Type::b64 ? Type::b32 : Type::b16;
  if (at("{")) {
    i.op = Op::unpack;
    i.count = static_cast<std::uint8_t>(operands(half, i.to));
    expect(",");
    i.source[0] = operand(i.type);
    return true;
  }
  i.to[0] = operand(i.type);
  expect(",");
  if (at("{")) {
    i.op = Op::pack;
    std::array<Slot, 4> values;
    i.count = static_cast<std::uint8_t>(operands(half, values));
    std::copy(values.begin(), values.end(), i.source.begin());
  } else {
    i.op = Op::mov;
    i.source[0] = operand(i.type);
  }
  return true;
}

/// add, sub, mul, mad, fma, and those with carries
bool Decoder::read_sum_or_product(Spelled& s) {
  Instruction& i = s.i;
  const std::string_view base = s.base();
  const Type type = i.type;
  if (base == "add" || base == "sub" || base == "addc" || base == "subc") {
    i.carry_in = base.size() == 4;
    plain(i, base.starts_with("add") ? Op::add : Op::sub, {type, type});
    s.classify(Class::float32, Class::float64);
  } else if (base == "mul") {
    if (!is_float(type) && s.has("wide")) {
      i.from = type;
      i.type = bytes_of(type) == 2 ? (is_signed(type) ? Type::s32 : Type::u32)
                                   : (is_signed(type) ? Type::s64 : Type::u64);
      plain(i, Op::mul_wide, {type, type});
    } else {
      plain(i, is_float(type) ? Op::mul : s.has("hi") ? Op::mul_hi : Op::mul_lo, {type, type});
    }
    s.classify(Class::float32, Class::float64);
  } else if (base == "mad" || base == "madc") {
    i.carry_in = base.size() == 4;
    if (s.has("wide")) {
      i.from = type;
      i.type = is_signed(type) ? Type::s64 : Type::u64;
      plain(i, Op::mad_wide, {type, type, i.type});
    } else {
      plain(i, s.has("hi") ? Op::mad_hi : Op::mad_lo, {type, type, type});
    }
    i.kind = Class::integer;
  } else if (base == "fma") {
    plain(i, Op::fma, {type, type, type});
    s.classify(Class::fma32, Class::fma64);
  } else {
    return false;
  }
  return true;
}

/// Divisions, functions of one or two values, shifts
bool Decoder::read_function(Spelled& s) {
  static const std::map<std::string_view, std::pair<Op, int>> functions = {
      {"min", {Op::min, 2}},  {"max", {Op::max, 2}},  {"abs", {Op::abs, 1}},
      {"neg", {Op::neg, 1}},  {"and", {Op::and_, 2}}, {"or", {Op::or_, 2}},
      {"xor", {Op::xor_, 2}}, {"not", {Op::not_, 1}}, {"copysign", {Op::copysign, 2}}};
  static const std::map<std::string_view, Op> special = {
      {"ex2", Op::ex2},   {"lg2", Op::lg2},   {"sin", Op::sin}, {"cos", Op::cos},
      {"tanh", Op::tanh}, {"sqrt", Op::sqrt}, {"rcp", Op::rcp}, {"rsqrt", Op::rsqrt}};
  Instruction& i = s.i;
  const std::string_view base = s.base();
  const Type type = i.type;
  if (base == "div" || base == "rem") {
    plain(i, base == "div" ? Op::div : Op::rem, {type, type});
    i.kind = Class::expanded;
  } else if (const auto f = functions.find(base); f != functions.end()) {
    if (f->second.second == 1)
      plain(i, f->second.first, {type});
    else
      plain(i, f->second.first, {type, type});
    s.classify(Class::float32, Class::float64);
  } else if (const auto g = special.find(base); g != special.end()) {
    plain(i, g->second, {type});
    i.kind = i.approximate ? Class::special : Class::expanded;
  } else if (base == "shl" || base == "shr") {
    plain(i, base == "shl" ? Op::shl : Op::shr, {type, Type::u32});
    i.kind = Class::integer;
  } else if (base == "clz") {
    i.from = type;
    i.type = Type::u32;
    plain(i, Op::clz, {type});
    i.kind = Class::integer;
  } else if (s.op == "bfi.b32") {
    plain(i, Op::bfi, {Type::b32, Type::b32, Type::b32, Type::b32});
    i.kind = Class::integer;
  } else {
    return false;
  }
  return true;
}

bool Decoder::read_comparison(Spelled& s) {
  if (s.base() != "setp") return false;
  static const std::map<std::string_view, Compare> compares = {
      {"eq", Compare::eq},   {"ne", Compare::ne},   {"lt", Compare::lt},   {"le", Compare::le},
      {"gt", Compare::gt},   {"ge", Compare::ge},   {"lo", Compare::lt},   {"ls", Compare::le},
      {"hi", Compare::gt},   {"hs", Compare::ge},   {"equ", Compare::equ}, {"neu", Compare::neu},
      {"ltu", Compare::ltu}, {"leu", Compare::leu}, {"gtu", Compare::gtu}, {"geu", Compare::geu}};
  Instruction& i = s.i;
  const auto found = compares.find(s.parts[1]);
  if (found == compares.end() || s.has("and") || s.has("or") || s.has("xor"))
    fail("unknown " + std::string(s.op));
  i.compare = found->second;
  i.from = i.type;
  s.classify(Class::float32, Class::float64);
  i.type = Type::pred;
  plain(i, Op::setp, {i.from, i.from});
  return true;
}

/// cvt, cvta, mapa
bool Decoder::read_conversion(Spelled& s) {
  Instruction& i = s.i;
  if (s.base() == "cvt") {
    i.from = i.type;
    i.type = type_named(s.parts[s.parts.size() - 2]);
    if (i.type == Type::none) fail("unknown " + std::string(s.op));
    plain(i, Op::cvt, {i.from});
    // Between integers of one or two words it is no instruction of its own, as a rule.
    i.kind = is_float(i.from) || is_float(i.type) ? Class::convert : Class::move;
  } else if (s.base() == "cvta") {
    i.to_space = s.has("to");
    i.space = space_of(s);
    if (i.space == Space::generic || i.space == Space::param) fail("unknown " + std::string(s.op));
    plain(i, Op::cvta, {i.type});
    i.kind = Class::move;
  } else if (s.op == "mapa.u64") {
    plain(i, Op::mapa, {Type::u64, Type::u32});
    i.kind = Class::integer;
  } else {
    return false;
  }
  return true;
}

/// ld and st
bool Decoder::read_access(Spelled& s) {
  Instruction& i = s.i;
  const bool load = s.base() == "ld";
  if (!load && s.base() != "st") return false;
  if (s.has("shared::cluster") || s.has("shared::cta")) fail("unknown " + std::string(s.op));
  i.space = space_of(s);
  i.op = load ? Op::ld : Op::st;
  const auto values = [&](std::array<Slot, 4>& slots) {
    i.count = static_cast<std::uint8_t>(operands(i.type, slots));
    if (i.count != (s.has("v4") ? 4 : s.has("v2") ? 2 : 1))
      fail("another number of values than " + std::string(s.op));
  };
  if (load) {
    values(i.to);
    expect(",");
    address(i);
    i.used_bytes = used_bytes_;
    used_bytes_ = ~0U;
  } else {
    address(i);
    expect(",");
    std::array<Slot, 4> slots;
    values(slots);
    std::copy(slots.begin(), slots.end(), i.source.begin());
  }
  if (i.space == Space::shared)
    i.kind = load ? Class::load_shared : Class::store_shared;
  else if (i.space == Space::local)
    i.kind = Class::local;
  else if (i.space == Space::param || i.space == Space::call_param)
    i.kind = Class::param;
  else
    i.kind = load ? Class::load_global : Class::store_global;
  return true;
}

/// bra, ret, exit, call
bool Decoder::read_control(Spelled& s) {
  Instruction& i = s.i;
  if (s.base() == "bra") {
    i.op = Op::bra;
    i.uniform = s.has("uni");
    branches_.push_back({static_cast<std::uint32_t>(p_.code.size()), m_.tokens[t_++].text});
  } else if (s.base() == "ret" || s.base() == "exit") {
    i.op = Op::ret;
  } else if (s.base() == "call") {
    read_call(i);
  } else {
    return false;
  }
  i.kind = Class::branch;
  return true;
}

bool Decoder::read_barrier(Spelled& s) {
  Instruction& i = s.i;
  if (s.op == "bar.sync" || s.op == "barrier.sync" || s.op == "barrier.sync.aligned") {
    i.op = Op::bar_sync;
    if (!take("0")) fail("a barrier other than 0");
  } else if (s.op == "bar.warp.sync") {
    i.op = Op::bar_warp;
    i.source[0] = operand(Type::b32);
  } else if (s.op.starts_with("barrier.cluster.arrive") || s.op.starts_with("barrier.cluster.wait")) {
    i.op = s.has("arrive") ? Op::cluster_arrive : Op::cluster_wait;
    if (s.has("relaxed")) fail("a barrier without order of memory");
  } else {
    return false;
  }
  i.kind = Class::barrier;
  return true;
}

/// shfl between the lanes of a warp
bool Decoder::read_exchange(Spelled& s) {
  Instruction& i = s.i;
  if (s.op != "shfl.sync.down.b32" && s.op != "shfl.sync.bfly.b32" && s.op != "shfl.sync.idx.b32")
    return false;
  i.op = Op::shfl;
  i.saturate = s.op == "shfl.sync.bfly.b32";
  i.to_space = s.op == "shfl.sync.idx.b32";
  i.to[0] = operand(Type::b32);
  if (take("|")) static_cast<void>(operand(Type::pred));  // whether the other lane is there: all are
  for (std::size_t k = 0; k < 4; ++k) {
    expect(",");
    i.source[k] = operand(Type::b32);
  }
  i.kind = Class::other;
  return true;
}

/// mma: rows in sources 0 to 3, columns in 4 and 5, sums in 6 to 9
bool Decoder::read_tiles(Spelled& s) {
  Instruction& i = s.i;
  if (s.op != "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32") return false;
  i.op = Op::mma;
  operands(Type::f32, i.to);
  std::size_t n = 0;
  for (int k = 0; k < 3; ++k) {
    expect(",");
    std::array<Slot, 4> values;
    const std::uint32_t count = operands(k == 2 ? Type::f32 : Type::b32, values);
    for (std::uint32_t j = 0; j < count; ++j) i.source[n++] = values[j];
  }
  i.kind = Class::tensor;
  return true;
}

}  // namespace ptx
