// Reading and writing .safetensors files (8-byte little-endian header length, JSON header, raw little-endian
// data).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace modsweep {

/// One tensor, values converted to double (exact for F64, F32, F16, BF16 and for I64 below 2^53).
struct Tensor {
  std::string dtype;  ///< as in the file: "F32"
  std::vector<std::uint64_t> shape;
  std::vector<double> values;  ///< row-major
};

struct TensorFile {
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> metadata;
};

/// Reads F64, F32, F16, BF16, I8 to I64, U8 to U64 and BOOL tensors, the whole file into memory. Throws
/// InputError "path: what; remedy" for anything broken: truncated, overlapping or out-of-range data, sizes
/// that do not match shapes, unknown dtypes, headers that are not JSON objects.
[[nodiscard]] TensorFile read_safetensors(const std::string& path);

/// The same from bytes; `path` is used in messages.
[[nodiscard]] TensorFile parse_safetensors(std::span<const std::byte> bytes, const std::string& path);

/// Writes atomically (a temporary file beside it, then a rename); each tensor in its dtype, F32 or F64.
/// Throws LogicError for another dtype or a shape that does not match the values, IoError where the disk
/// refuses, InputError where `path` names one of the files that the caller `reads`, a database or another
/// file that no result may replace.
void write_safetensors(const std::string& path, const TensorFile& file,
                       const std::vector<std::string>& reads = {});

}  // namespace modsweep
