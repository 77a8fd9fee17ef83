#include "store/stored_weights.h"

#include <bit>
#include <cmath>
#include <cstring>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "modsweep/error.h"

namespace modsweep {
namespace {

static_assert(std::endian::native == std::endian::little, "blobs of the store are little-endian");

template <typename Scalar>
std::vector<std::byte> pack(const std::vector<double>& values) {
  std::vector<std::byte> bytes(values.size() * sizeof(Scalar));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto value = static_cast<Scalar>(values[i]);
    if (static_cast<double>(value) != values[i] && !std::isnan(values[i]))
      throw LogicError(fmt::format("weight {} is {}, which fp32 holds as {}", i, values[i], value));
    std::memcpy(bytes.data() + i * sizeof(Scalar), &value, sizeof(Scalar));
  }
  return bytes;
}

template <typename Scalar>
std::vector<double> unpack(std::span<const std::byte> bytes) {
  std::vector<double> values(bytes.size() / sizeof(Scalar));
  for (std::size_t i = 0; i < values.size(); ++i) {
    Scalar value;
    std::memcpy(&value, bytes.data() + i * sizeof(Scalar), sizeof(Scalar));
    values[i] = static_cast<double>(value);
  }
  return values;
}

/// Whether a store could hold that many parameters: the shape in a hostile file may have any size.
bool is_small(const Shape& shape) {
  constexpr double most = 1e9;  // SQLite's longest blob, in bytes
  if (shape.family == Family::recurrent) {
    const double units = shape.form.units;
    return shape.heads >= shape.modules && shape.modules >= 1 && shape.form.units >= 1 &&
           (shape.form.modular || shape.modules == 1) &&
           2.0 * units * (units + 3.0) * shape.modules + 2.0 * (units + 1.0) * shape.heads <= most;
  }
  double parameters = 0.0;
  for (std::size_t l = 0; l < shape.weight_layers(); ++l) {
    const auto inputs = static_cast<double>(shape.sizes[l]);
    const auto outputs = static_cast<double>(shape.sizes[l + 1]);
    if (shape.sizes[l] % shape.groups[l] != 0 || shape.sizes[l + 1] % shape.groups[l] != 0) return false;
    parameters += outputs * (inputs / shape.groups[l] + 2.0);
  }
  return parameters <= most;
}

[[noreturn]] void throw_broken(const std::string& path, const std::string& what) {
  throw InputError(fmt::format("{}: is broken ({}); restore a copy", path, what));
}

}  // namespace

std::string shape_json(const Shape& shape) {
  if (shape.family == Family::recurrent)
    return fmt::format(
        R"({{"family":"recurrent","units":{},"modular":{},"one_bias":{},"modules":{},"heads":{}}})",
        shape.form.units, shape.form.modular, shape.form.one_bias, shape.modules, shape.heads);
  return fmt::format(R"({{"sizes":[{}],"groups":[{}],"bias":{},"prelu":{}}})", fmt::join(shape.sizes, ","),
                     fmt::join(shape.groups, ","), shape.bias, shape.prelu);
}

Shape shape_from_json(const std::string& json, const std::string& path) {
  try {
    const auto object = nlohmann::json::parse(json);
    Shape shape;
    if (object.value("family", "feedforward") == "recurrent") {
      shape.family = Family::recurrent;
      object.at("units").get_to(shape.form.units);
      object.at("modular").get_to(shape.form.modular);
      object.at("one_bias").get_to(shape.form.one_bias);
      object.at("modules").get_to(shape.modules);
      object.at("heads").get_to(shape.heads);
      if (!is_small(shape)) throw_broken(path, "a shape of weights makes no sense");
      return shape;
    }
    object.at("sizes").get_to(shape.sizes);
    object.at("groups").get_to(shape.groups);
    object.at("bias").get_to(shape.bias);
    object.at("prelu").get_to(shape.prelu);
    const auto zero = [](std::uint32_t n) { return n == 0; };
    if (shape.sizes.size() < 2 || shape.groups.size() != shape.weight_layers() ||
        std::any_of(shape.groups.begin(), shape.groups.end(), zero) || !is_small(shape))
      throw_broken(path, "a shape of weights makes no sense");
    return shape;
  } catch (const nlohmann::json::exception&) {
    throw_broken(path, "a shape of weights cannot be read");
  }
}

const char* weights_dtype(Precision precision) {
  return precision == Precision::fp64 ? "F64" : "F32";
}

std::vector<std::byte> pack_weights(const Parameters& weights, Precision precision) {
  const auto expected = ParameterLayout(weights.shape).parameters();
  if (weights.values.size() != expected)
    throw LogicError(fmt::format("{} parameters given for shape {}, which has {}", weights.values.size(),
                                 weights.shape.text(), expected));
  return precision == Precision::fp64 ? pack<double>(weights.values) : pack<float>(weights.values);
}

std::vector<double> unpack_weights(std::span<const std::byte> bytes, const std::string& dtype,
                                   const Shape& shape, const std::string& path) {
  if (dtype != "F32" && dtype != "F64")
    throw_broken(path, fmt::format("weights of unknown type '{}'", dtype));
  const std::size_t scalar = dtype == "F32" ? sizeof(float) : sizeof(double);
  if (bytes.size() != ParameterLayout(shape).parameters() * scalar)
    throw_broken(path, fmt::format("{} bytes of weights for shape {}", bytes.size(), shape.text()));
  return dtype == "F32" ? unpack<float>(bytes) : unpack<double>(bytes);
}

}  // namespace modsweep
