// Reading safetensors: the header first, then only what is asked for.
#include "modsweep/safetensors.h"

#include "export/dtype.h"
#include "export/safetensors_header.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <new>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

/// The size of a file that can be read; throws InputError for anything else.
std::uint64_t size_of(const std::string& path) {
  constexpr std::string_view give = "give a .safetensors file";
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::not_found)
    reject_tensors(path, "there is no such file", "check the path");
  const auto check = [&] {
    if (error)
      reject_tensors(path, "cannot be read (" + error.message() + ")", "check the path and its permissions");
  };
  check();
  if (std::filesystem::is_directory(status)) reject_tensors(path, "is a directory", give);
  if (!std::filesystem::is_regular_file(status)) reject_tensors(path, "is no regular file", give);
  const auto size = std::filesystem::file_size(path, error);
  check();
  return size;
}

const Dtype& readable_dtype(const std::string& name, const TensorInfo& info, const std::string& path) {
  if (const Dtype* dtype = find_dtype(info.dtype)) return *dtype;
  std::vector<std::string_view> names;
  for (const Dtype& dtype : dtypes) names.push_back(dtype.name);
  reject_tensors(path, fmt::format("tensor {} has dtype {}", quoted_text(name), quoted_text(info.dtype)),
                 fmt::format("convert it to one of {}", fmt::join(names, ", ")));
}

[[noreturn]] void refuse_size(const std::string& path) {
  reject_tensors(path, "does not fit into memory as double precision",
                 "take the tensors you need into a smaller file");
}

}  // namespace

bool is_readable_dtype(std::string_view dtype) {
  return find_dtype(dtype) != nullptr;
}

TensorReader::TensorReader(std::string path) : path_(std::move(path)) {
  const std::uint64_t size = size_of(path_);
  file_.open(path_, std::ios::binary);
  if (!file_) reject_tensors(path_, "cannot be opened", "check its permissions");
  std::array<std::byte, start_bytes> buffer{};
  const auto start = std::span(buffer).first(std::min<std::uint64_t>(size, start_bytes));
  read_bytes(0, start);
  std::vector<std::byte> header(header_size(start, size, path_));
  read_bytes(sizeof(std::uint64_t), header);
  header_ = parse_tensor_header(header, size - sizeof(std::uint64_t) - header.size(), path_);
}

void TensorReader::read_bytes(std::uint64_t offset, std::span<std::byte> bytes) {
  file_.clear();
  file_.seekg(static_cast<std::streamoff>(offset));
  file_.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!file_)
    throw IoError(
        fmt::format("{}: only {} of {} bytes could be read at byte {}; check the disk and whether another "
                    "program is writing the file",
                    path_, file_.gcount(), bytes.size(), offset));
}

std::vector<double> TensorReader::read(const std::string& name, std::uint64_t first, std::uint64_t count) {
  const auto found = header_.tensors.find(name);
  if (found == header_.tensors.end())
    throw LogicError(fmt::format("{}: there is no tensor {} to read", path_, quoted_text(name)));
  const TensorInfo& info = found->second;
  const Dtype& dtype = readable_dtype(name, info, path_);
  const std::uint64_t elements = (info.end - info.begin) / dtype.size;
  if (first > elements || count > elements - first)
    throw LogicError(fmt::format("{}: tensor {} has {} elements, {} from {} on were asked for", path_,
                                 quoted_text(name), elements, count, first));
  constexpr std::uint64_t at_once = 1 << 16;  // elements: large tensors are not in memory twice
  try {
    std::vector<double> values(count);
    std::vector<std::byte> bytes(std::min(count, at_once) * dtype.size);
    for (std::uint64_t done = 0; done < count; done += at_once) {
      const std::uint64_t some = std::min(at_once, count - done);
      read_bytes(header_.data_begin + info.begin + (first + done) * dtype.size,
                 std::span(bytes).first(some * dtype.size));
      dtype.decode(bytes.data(), some, values.data() + done);
    }
    return values;
  } catch (const std::bad_alloc&) {
    refuse_size(path_);
  } catch (const std::length_error&) {
    refuse_size(path_);
  }
}

Tensor TensorReader::read(const std::string& name) {
  const TensorInfo& info = header_.tensors.at(name);
  const std::uint64_t size = readable_dtype(name, info, path_).size;
  return {info.dtype, info.shape, read(name, 0, (info.end - info.begin) / size)};
}

TensorFile read_safetensors(const std::string& path) {
  TensorReader reader(path);
  TensorFile file;
  for (const auto& [name, info] : reader.header().tensors) file.tensors.emplace(name, reader.read(name));
  file.metadata = reader.header().metadata;
  return file;
}

TensorFile parse_safetensors(std::span<const std::byte> bytes, const std::string& path) {
  const std::uint64_t size =
      header_size(bytes.first(std::min(bytes.size(), start_bytes)), bytes.size(), path);
  const auto data = bytes.subspan(sizeof(size) + size);
  TensorHeader header = parse_tensor_header(bytes.subspan(sizeof(size), size), data.size(), path);
  TensorFile file;
  file.metadata = std::move(header.metadata);
  for (auto& [name, info] : header.tensors) {
    const Dtype& dtype = readable_dtype(name, info, path);
    Tensor& tensor = file.tensors[name];
    tensor.dtype = std::move(info.dtype);
    tensor.shape = std::move(info.shape);
    tensor.values.resize((info.end - info.begin) / dtype.size);
    dtype.decode(data.data() + info.begin, tensor.values.size(), tensor.values.data());
  }
  return file;
}

}  // namespace modsweep
