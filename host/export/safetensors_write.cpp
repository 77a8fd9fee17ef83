// Writing safetensors: doubles before floats, so that all data are aligned to their own size, then by name.
#include "core/atomic_file.h"
#include "export/dtype.h"

#include <cstring>
#include <set>

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
      if (tensor.dtype == "F64")
        append<double>(data, tensor.values);
      else
        append<float>(data, tensor.values);
      header[name] = {
          {"dtype", tensor.dtype}, {"shape", tensor.shape}, {"data_offsets", {begin, data.size()}}};
    }
  }

  std::string text;
  try {
    text = header.dump();
  } catch (const ordered_json::type_error&) {
    throw LogicError("write_safetensors: a tensor name or metadata text is no valid UTF-8");
  }
  text.append((alignment - text.size() % alignment) % alignment, ' ');
  const std::uint64_t header_bytes = text.size();
  write_atomically(path, {std::as_bytes(std::span(&header_bytes, 1)), std::as_bytes(std::span(text)), data},
                   reads);
}

}  // namespace modsweep
