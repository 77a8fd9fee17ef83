// Reading safetensors. The rules are those of the format's own reader: the tensors cover the data exactly, in
// any order, with no gap and no overlap, so that a file that is accepted has one meaning.
#include "modsweep/safetensors.h"

#include "export/dtype.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <new>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "modsweep/error.h"

namespace modsweep {
namespace {

using nlohmann::json;

constexpr std::uint64_t max_header_bytes = 100'000'000;  // the format's own limit
constexpr int max_nesting = 16;                          // a valid header needs 3

constexpr const char* rewrite = "write the file again with a safetensors library";

/// A tensor as the header describes it.
struct Entry {
  std::string name;
  const Dtype* dtype = nullptr;
  std::vector<std::uint64_t> shape;
  std::uint64_t begin = 0;  ///< offsets into the data, in bytes
  std::uint64_t end = 0;
};

/// Text from the file on one line of a message: control characters escaped, long texts cut.
std::string shown(const std::string& text) {
  std::string quoted = json(text).dump(-1, ' ', true, json::error_handler_t::replace);
  constexpr std::size_t limit = 80;
  if (quoted.size() > limit) quoted = quoted.substr(0, limit) + "...\"";
  return quoted;
}

std::string shown(const json& value) {
  if (value.is_string()) return shown(value.get<std::string>());
  if (value.is_structured()) return value.is_array() ? "an array" : "an object";
  return value.dump();
}

[[noreturn]] void reject(const std::string& path, std::string_view what, std::string_view remedy) {
  throw InputError(fmt::format("{}: {}; {}", path, what, remedy));
}

/// The header's JSON. Keys that occur twice are errors: parsers differ in which one they keep.
json parse_header(std::span<const std::byte> header, const std::string& path) {
  const char* text = reinterpret_cast<const char*>(header.data());
  if (header.empty() || *text != '{')
    reject(path, "the header does not start with '{'", "give a .safetensors file");
  if (std::find(header.begin(), header.end(), std::byte{0}) != header.end())
    reject(path, "the header holds a zero byte", rewrite);

  std::vector<std::set<std::string>> keys;  // by depth, of the objects that are open
  std::string duplicate;
  bool too_deep = false;
  const auto watch = [&](int depth, json::parse_event_t event, json& parsed) {
    const auto level = static_cast<std::size_t>(depth);
    if (event == json::parse_event_t::object_start || event == json::parse_event_t::array_start) {
      if (depth >= max_nesting) too_deep = true;
      keys.resize(level + 2);
      keys[level + 1].clear();
    } else if (event == json::parse_event_t::key) {
      if (!keys[level].insert(parsed.get<std::string>()).second) duplicate = shown(parsed);
    }
    return !too_deep;
  };
  json root = json::parse(text, text + header.size(), watch, /*allow_exceptions=*/false);
  if (too_deep) reject(path, fmt::format("the header is nested deeper than {} levels", max_nesting), rewrite);
  if (root.is_discarded())
    reject(path, fmt::format("the header of {} bytes is no valid JSON in UTF-8", header.size()),
           "copy or download the file again");
  if (!duplicate.empty()) reject(path, fmt::format("the header has the key {} twice", duplicate), rewrite);
  if (!root.is_object()) reject(path, "the header is no JSON object", rewrite);
  return root;
}

std::map<std::string, std::string> metadata_of(const json& value, const std::string& path) {
  if (!value.is_object()) reject(path, "__metadata__ is no JSON object", rewrite);
  std::map<std::string, std::string> metadata;
  for (const auto& [key, text] : value.items()) {
    if (!text.is_string())
      reject(path, fmt::format("__metadata__ {} is {}, not a text", shown(key), shown(text)), rewrite);
    metadata.emplace(key, text.get<std::string>());
  }
  return metadata;
}

/// The unsigned numbers of a JSON array; none where it is something else.
std::optional<std::vector<std::uint64_t>> numbers_of(const json& entry, const char* key) {
  const auto found = entry.find(key);
  if (found == entry.end() || !found->is_array()) return std::nullopt;
  std::vector<std::uint64_t> numbers;
  for (const json& number : *found) {
    if (!number.is_number_unsigned()) return std::nullopt;
    numbers.push_back(number.get<std::uint64_t>());
  }
  return numbers;
}

const Dtype* dtype_of(const json& entry, const std::string& where, const std::string& path) {
  const auto found = entry.find("dtype");
  if (found == entry.end()) reject(path, where + " has no dtype", rewrite);
  if (found->is_string())
    for (const Dtype& dtype : dtypes)
      if (dtype.name == found->get_ref<const std::string&>()) return &dtype;
  std::vector<std::string_view> names;
  for (const Dtype& dtype : dtypes) names.push_back(dtype.name);
  reject(path, fmt::format("{} has dtype {}", where, shown(*found)),
         fmt::format("convert it to one of {}", fmt::join(names, ", ")));
}

/// Bytes of a tensor of that shape; none where 64 bits do not suffice.
std::optional<std::uint64_t> bytes_of(const std::vector<std::uint64_t>& shape, std::uint64_t element_size) {
  std::uint64_t bytes = element_size;
  for (const std::uint64_t dimension : shape)
    if (__builtin_mul_overflow(bytes, dimension, &bytes)) return std::nullopt;
  return bytes;
}

Entry entry_of(const std::string& name, const json& value, std::uint64_t data_bytes,
               const std::string& path) {
  const std::string where = "tensor " + shown(name);
  if (!value.is_object()) reject(path, where + " is no JSON object", rewrite);
  Entry entry;
  entry.name = name;
  entry.dtype = dtype_of(value, where, path);
  const auto shape = numbers_of(value, "shape");
  if (!shape) reject(path, where + " has no shape of whole numbers", rewrite);
  entry.shape = *shape;
  const auto offsets = numbers_of(value, "data_offsets");
  if (!offsets || offsets->size() != 2)
    reject(path, where + " has no data_offsets of two whole numbers", rewrite);
  entry.begin = (*offsets)[0];
  entry.end = (*offsets)[1];
  if (entry.begin > entry.end)
    reject(path,
           fmt::format("{} has data_offsets [{}, {}] in the wrong order", where, entry.begin, entry.end),
           rewrite);
  if (entry.end > data_bytes)
    reject(path,
           fmt::format("{} ends at byte {} of the data, but there are {}", where, entry.end, data_bytes),
           "the file is cut short or damaged: copy or download it again");
  const auto bytes = bytes_of(entry.shape, entry.dtype->size);
  if (!bytes) reject(path, where + " has a shape of more than 2^64 bytes", rewrite);
  if (*bytes != entry.end - entry.begin)
    reject(path,
           fmt::format("{} needs {} bytes for its shape and dtype {}, but data_offsets span {}", where,
                       *bytes, entry.dtype->name, entry.end - entry.begin),
           rewrite);
  return entry;
}

/// The tensors must follow one another without gap or overlap from the first to the last byte of the data.
void check_coverage(std::vector<Entry> entries, std::uint64_t data_bytes, const std::string& path) {
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  std::uint64_t next = 0;
  for (const Entry& entry : entries) {
    if (entry.begin < next)
      reject(
          path,
          fmt::format("tensor {} starts at byte {} of the data, inside the tensor before it that ends at {}",
                      shown(entry.name), entry.begin, next),
          rewrite);
    if (entry.begin > next)
      reject(path,
             fmt::format("bytes {} to {} of the data, before tensor {}, belong to no tensor", next,
                         entry.begin, shown(entry.name)),
             rewrite);
    next = entry.end;
  }
  if (next != data_bytes)
    reject(path, fmt::format("the tensors end at byte {} of the data, but there are {}", next, data_bytes),
           rewrite);
}

std::vector<std::byte> read_bytes(const std::string& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::not_found)
    reject(path, "there is no such file", "check the path");
  if (error) reject(path, "cannot be read (" + error.message() + ")", "check the path and its permissions");
  if (std::filesystem::is_directory(status)) reject(path, "is a directory", "give a .safetensors file");
  if (!std::filesystem::is_regular_file(status))
    reject(path, "is no regular file", "give a .safetensors file");
  const auto size = std::filesystem::file_size(path, error);
  if (error) reject(path, "cannot be read (" + error.message() + ")", "check the path and its permissions");
  std::ifstream file(path, std::ios::binary);
  if (!file) reject(path, "cannot be opened", "check its permissions");
  std::vector<std::byte> bytes(size);
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
  if (file.bad() || file.gcount() != static_cast<std::streamsize>(size))
    throw IoError(
        fmt::format("{}: only {} of {} bytes could be read; check the disk and whether another program "
                    "is writing the file",
                    path, file.gcount(), size));
  return bytes;
}

}  // namespace

TensorFile parse_safetensors(std::span<const std::byte> bytes, const std::string& path) {
  std::uint64_t header_bytes = 0;
  if (bytes.size() < sizeof(header_bytes))
    reject(path, fmt::format("has {} bytes, too few for a safetensors file", bytes.size()),
           "give a whole .safetensors file");
  std::memcpy(&header_bytes, bytes.data(), sizeof(header_bytes));
  if (header_bytes > max_header_bytes)
    reject(
        path,
        fmt::format("announces a header of {} bytes, the format allows {}", header_bytes, max_header_bytes),
        "give a .safetensors file");
  if (header_bytes > bytes.size() - sizeof(header_bytes))
    reject(path,
           fmt::format("announces a header of {} bytes, but only {} follow", header_bytes,
                       bytes.size() - sizeof(header_bytes)),
           "the file is cut short or no safetensors file: copy or download it again");
  const json header = parse_header(bytes.subspan(sizeof(header_bytes), header_bytes), path);
  const auto data = bytes.subspan(sizeof(header_bytes) + header_bytes);

  TensorFile file;
  std::vector<Entry> entries;
  for (const auto& [name, value] : header.items()) {
    if (name == "__metadata__")
      file.metadata = metadata_of(value, path);
    else
      entries.push_back(entry_of(name, value, data.size(), path));
  }
  check_coverage(entries, data.size(), path);
  for (Entry& entry : entries) {
    Tensor tensor;
    tensor.dtype = entry.dtype->name;
    tensor.shape = std::move(entry.shape);
    tensor.values.resize((entry.end - entry.begin) / entry.dtype->size);
    entry.dtype->decode(data.data() + entry.begin, tensor.values.size(), tensor.values.data());
    file.tensors.emplace(std::move(entry.name), std::move(tensor));
  }
  return file;
}

TensorFile read_safetensors(const std::string& path) {
  try {
    return parse_safetensors(read_bytes(path), path);
  } catch (const std::bad_alloc&) {
    reject(path, "does not fit into memory as double precision",
           "take the tensors you need into a smaller file");
  }
}

}  // namespace modsweep
