// Reading and writing .safetensors files (8-byte little-endian header length, JSON header, raw little-endian
// data).
#pragma once

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
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

/// A tensor as a header describes it.
struct TensorInfo {
  std::string dtype;  ///< of an unknown one only the name is checked
  std::vector<std::uint64_t> shape;
  std::uint64_t begin = 0;  ///< offsets into the data, in bytes
  std::uint64_t end = 0;
};

/// What the header of a file says. Names are UTF-8, but may hold control characters: print them through
/// one_line().
struct TensorHeader {
  std::map<std::string, TensorInfo> tensors;
  std::map<std::string, std::string> metadata;
  std::uint64_t data_begin = 0;  ///< offset of the data in the file, in bytes
};

/// Whether tensors of this dtype can be read: F64, F32, F16, BF16, I8 to I64, U8 to U64 and BOOL.
[[nodiscard]] bool is_readable_dtype(std::string_view dtype);

/// A file of which only the header, and then the tensors that are asked for, are read.
class TensorReader {
 public:
  /// Throws InputError "path: what; remedy" for anything broken: truncated, overlapping or out-of-range data,
  /// sizes that do not match shapes, headers that are not JSON objects, files of other formats.
  explicit TensorReader(std::string path);

  [[nodiscard]] const TensorHeader& header() const { return header_; }
  /// Elements [first, first + count) of a tensor, row-major. Throws
  /// InputError for a dtype that cannot be read and where memory does not suffice, IoError where the disk
  /// fails, LogicError for a tensor that is not in the file or lacks the elements.
  [[nodiscard]] std::vector<double> read(const std::string& name, std::uint64_t first, std::uint64_t count);
  /// The whole tensor.
  [[nodiscard]] Tensor read(const std::string& name);

 private:
  void read_bytes(std::uint64_t offset, std::span<std::byte> bytes);

  std::string path_;
  std::ifstream file_;
  TensorHeader header_;
};

/// Reads all tensors of a file. Throws as TensorReader, for unknown dtypes, too.
[[nodiscard]] TensorFile read_safetensors(const std::string& path);

/// The same from bytes; `path` is used in messages.
[[nodiscard]] TensorFile parse_safetensors(std::span<const std::byte> bytes, const std::string& path);

/// Writes atomically (a temporary file beside it, then a rename); each tensor in its dtype, F32 or F64.
/// Throws LogicError for another dtype or a shape that does not match the values, IoError where the disk
/// refuses, InputError where `path` names one of the files that the caller `reads`, a database or another
/// file that no result may replace.
void write_safetensors(const std::string& path, const TensorFile& file,
                       const std::vector<std::string>& reads = {});

/// A file of the tensors of many networks, stacked along a first axis [networks, ...]. Networks come one by
/// one; memory does not grow with their number.
class StackedSafetensors {
 public:
  /// `like`: tensors as each network has them, with their names, dtypes and shapes. Throws as
  /// write_safetensors, and InputError for a header longer than the format allows.
  StackedSafetensors(const std::string& path, const std::map<std::string, Tensor>& like,
                     std::uint64_t networks, const std::map<std::string, std::string>& metadata,
                     const std::vector<std::string>& reads = {});
  ~StackedSafetensors();
  StackedSafetensors(const StackedSafetensors&) = delete;
  StackedSafetensors& operator=(const StackedSafetensors&) = delete;

  /// The next network. Throws LogicError for other tensors than those of `like`, or more networks than
  /// announced.
  void add(const std::map<std::string, Tensor>& network);
  /// The file appears. Throws LogicError before the last network, IoError where the disk refuses.
  void commit();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace modsweep
