// Writing safetensors: doubles before floats, so that all data are aligned to their own size, then by name.
#include "core/atomic_file.h"
#include "export/dtype.h"

#include <cstring>
#include <span>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "modsweep/error.h"
#include "modsweep/safetensors.h"

namespace modsweep {
namespace {

using nlohmann::ordered_json;

/// The format requires the data to start at a multiple of 8 bytes.
constexpr std::size_t alignment = 8;

void check_tensor(const std::string& name, const Tensor& tensor) {
  if (tensor.dtype != "F32" && tensor.dtype != "F64")
    throw LogicError(
        fmt::format("write_safetensors: tensor '{}' has dtype '{}', not F32 or F64", name, tensor.dtype));
  if (name == "__metadata__") throw LogicError("write_safetensors: a tensor cannot be called __metadata__");
  std::uint64_t count = 1;
  for (const std::uint64_t dimension : tensor.shape)
    if (__builtin_mul_overflow(count, dimension, &count))
      throw LogicError(
          fmt::format("write_safetensors: the shape of tensor '{}' exceeds 2^64 elements", name));
  if (count != tensor.values.size())
    throw LogicError(fmt::format("write_safetensors: tensor '{}' has {} values, its shape says {}", name,
                                 tensor.values.size(), count));
}

template <typename Stored>
void append(std::vector<std::byte>& data, const std::vector<double>& values) {
  std::size_t next = data.size();
  data.resize(next + values.size() * sizeof(Stored));
  for (const double value : values) {
    const auto stored = static_cast<Stored>(value);
    std::memcpy(data.data() + next, &stored, sizeof(Stored));
    next += sizeof(Stored);
  }
}

/// The length of the header, then the header, padded so that the data behind it are aligned.
std::string encoded(const ordered_json& header) {
  std::string text;
  try {
    text = header.dump();
  } catch (const ordered_json::type_error&) {
    throw LogicError("write_safetensors: a tensor name or metadata text is no valid UTF-8");
  }
  text.append((alignment - text.size() % alignment) % alignment, ' ');
  const std::uint64_t length = text.size();
  std::string bytes(sizeof(length), '\0');
  std::memcpy(bytes.data(), &length, sizeof(length));
  return bytes + text;
}

/// Appends the values of a tensor in its dtype, which was checked.
void append(std::vector<std::byte>& data, const Tensor& tensor) {
  if (tensor.dtype == "F64")
    append<double>(data, tensor.values);
  else
    append<float>(data, tensor.values);
}

}  // namespace

void write_safetensors(const std::string& path, const TensorFile& file,
                       const std::vector<std::string>& reads) {
  ordered_json header = ordered_json::object();
  if (!file.metadata.empty()) header["__metadata__"] = file.metadata;
  std::vector<std::byte> data;
  for (const char* dtype : {"F64", "F32"}) {
    for (const auto& [name, tensor] : file.tensors) {
      check_tensor(name, tensor);
      if (tensor.dtype != dtype) continue;
      const std::size_t begin = data.size();
      append(data, tensor);
      header[name] = {
          {"dtype", tensor.dtype}, {"shape", tensor.shape}, {"data_offsets", {begin, data.size()}}};
    }
  }
  const std::string head = encoded(header);
  write_atomically(path, {std::as_bytes(std::span(head)), data}, reads);
}

struct StackedSafetensors::Impl {
  struct Stack {
    std::string dtype;
    std::vector<std::uint64_t> shape;  ///< of one network's tensor
    std::uint64_t bytes = 0;           ///< of one network's tensor
    std::uint64_t next = 0;            ///< offset in the file of what waits
    std::vector<std::byte> waiting = {};
  };

  Impl(const std::string& path, const std::vector<std::string>& reads) : file(path, reads) {}

  AtomicFile file;
  std::map<std::string, Stack> stacks;
  std::uint64_t networks = 0;
  std::uint64_t added = 0;
  std::size_t waiting = 0;  // bytes in all stacks

  void flush() {
    for (auto& [name, stack] : stacks) {
      file.write_at(stack.next, stack.waiting);
      stack.next += stack.waiting.size();
      stack.waiting.clear();
    }
    waiting = 0;
  }
};

StackedSafetensors::StackedSafetensors(const std::string& path, const std::map<std::string, Tensor>& like,
                                       std::uint64_t networks,
                                       const std::map<std::string, std::string>& metadata,
                                       const std::vector<std::string>& reads) {
  ordered_json header = ordered_json::object();
  header["__metadata__"] = metadata;
  std::map<std::string, Impl::Stack> stacks;
  std::uint64_t end = 0;
  for (const char* dtype : {"F64", "F32"})
    for (const auto& [name, tensor] : like) {
      check_tensor(name, tensor);
      if (tensor.dtype != dtype) continue;
      const std::uint64_t bytes =
          tensor.values.size() * (tensor.dtype == "F64" ? sizeof(double) : sizeof(float));
      std::vector<std::uint64_t> shape = tensor.shape;
      shape.insert(shape.begin(), networks);
      header[name] = {
          {"dtype", tensor.dtype}, {"shape", shape}, {"data_offsets", {end, end + networks * bytes}}};
      stacks.emplace(name, Impl::Stack{tensor.dtype, tensor.shape, bytes, end});
      end += networks * bytes;
    }
  const std::string head = encoded(header);
  if (head.size() > max_header_bytes)
    throw InputError(
        fmt::format("{}: the names and settings of {} networks take {} bytes, and the format allows "
                    "{}; choose fewer networks",
                    path, networks, head.size(), max_header_bytes));
  for (auto& [name, stack] : stacks) stack.next += head.size();
  check_regular_file(path);
  impl_ = std::make_unique<Impl>(path, reads);
  impl_->stacks = std::move(stacks);
  impl_->networks = networks;
  impl_->file.write_at(0, std::as_bytes(std::span(head)));
}

StackedSafetensors::~StackedSafetensors() = default;

void StackedSafetensors::add(const std::map<std::string, Tensor>& network) {
  constexpr std::size_t most_waiting = 1U << 22U;
  if (impl_->added == impl_->networks)
    throw LogicError(fmt::format("StackedSafetensors: more than {} networks", impl_->networks));
  if (network.size() != impl_->stacks.size())
    throw LogicError(fmt::format("StackedSafetensors: a network of {} tensors, and the first has {}",
                                 network.size(), impl_->stacks.size()));
  for (const auto& [name, tensor] : network) {
    check_tensor(name, tensor);
    const auto stack = impl_->stacks.find(name);
    if (stack == impl_->stacks.end() || stack->second.shape != tensor.shape ||
        stack->second.dtype != tensor.dtype)
      throw LogicError(
          fmt::format("StackedSafetensors: tensor '{}' is not as that of the first network", name));
    append(stack->second.waiting, tensor);
    impl_->waiting += stack->second.bytes;
  }
  ++impl_->added;
  if (impl_->waiting >= most_waiting) impl_->flush();
}

void StackedSafetensors::commit() {
  if (impl_->added != impl_->networks)
    throw LogicError(
        fmt::format("StackedSafetensors: {} of {} networks were added", impl_->added, impl_->networks));
  impl_->flush();
  impl_->file.commit();
}

}  // namespace modsweep
