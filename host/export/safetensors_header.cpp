// The rules are those of the format's own reader: the tensors cover the data exactly, in any order, with no
// gap and no overlap, so that a file that is accepted has one meaning.
#include "export/safetensors_header.h"

#include "export/dtype.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "modsweep/error.h"

namespace modsweep {
namespace {

using nlohmann::json;

constexpr std::size_t max_nesting = 16;  // a valid header needs 3

constexpr const char* rewrite = "write the file again with a safetensors library";

std::string shown(const json& value) {
  if (value.is_string()) return quoted_text(value.get<std::string>());
  if (value.is_structured()) return value.is_array() ? "an array" : "an object";
  return value.dump();
}

/// A format that a file may have in the place of safetensors, by its first bytes.
struct OtherFormat {
  std::string_view magic;
  std::string_view what;
  std::string_view remedy;
};

using namespace std::string_view_literals;
constexpr std::string_view save_file =
    "write its arrays with safetensors.numpy.save_file, or safetensors.torch.save_file";
constexpr std::array<OtherFormat, 6> other_formats = {{
    {"\x93NUMPY"sv, "is a NumPy array (.npy)", save_file},
    {"PK\x03\x04"sv, "is a zip archive, as NumPy's .npz and PyTorch's .pt are", save_file},
    {"\x80\x02"sv, "is a pickle, as older .pt files are", save_file},
    {"\x89HDF"sv, "is an HDF5 file", save_file},
    {"GGUF"sv, "is a GGUF file", save_file},
    {"SQLite format 3"sv, "is an SQLite database",
     "of a store's network: modsweep weights FILE.db --cell ID -o network.safetensors"},
}};

/// Throws for a file of another format. A safetensors file has '{' at byte 8.
void refuse_other_formats(std::span<const std::byte> start, const std::string& path) {
  const std::string_view text(reinterpret_cast<const char*>(start.data()), start.size());
  if (text.size() <= 8 || text[8] == '{') return;
  for (const OtherFormat& format : other_formats)
    if (text.starts_with(format.magic)) reject_tensors(path, format.what, format.remedy);
}

/// Looks for keys that occur twice, of which parsers keep different ones, and for nesting that would overflow
/// the stack. nlohmann's own callback takes quadratic time, since it searches the parent after each value.
class KeyCheck : public nlohmann::json_sax<json> {
 public:
  [[nodiscard]] const std::string& duplicate() const { return duplicate_; }
  [[nodiscard]] bool too_deep() const { return too_deep_; }

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override { return open(); }
  bool start_array(std::size_t) override { return open(); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    if (!keys_.back().insert(name).second && duplicate_.empty()) duplicate_ = quoted_text(name);
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

 private:
  bool open() {
    too_deep_ = keys_.size() >= max_nesting;
    keys_.emplace_back();
    return !too_deep_;
  }
  bool close() {
    keys_.pop_back();
    return true;
  }

  std::vector<std::unordered_set<std::string>> keys_;  // of the objects that are open
  std::string duplicate_;
  bool too_deep_ = false;
};

json parse_json(std::span<const std::byte> header, const std::string& path) {
  const char* text = reinterpret_cast<const char*>(header.data());
  if (header.empty() || *text != '{')
    reject_tensors(path, "the header does not start with '{'", "give a .safetensors file");
  if (std::find(header.begin(), header.end(), std::byte{0}) != header.end())
    reject_tensors(path, "the header holds a zero byte", rewrite);
  KeyCheck check;
  const bool valid = json::sax_parse(text, text + header.size(), &check);
  if (check.too_deep())
    reject_tensors(path, fmt::format("the header is nested deeper than {} levels", max_nesting), rewrite);
  if (!valid)
    reject_tensors(path, fmt::format("the header of {} bytes is no valid JSON in UTF-8", header.size()),
                   "copy or download the file again");
  if (!check.duplicate().empty())
    reject_tensors(path, fmt::format("the header has the key {} twice", check.duplicate()), rewrite);
  return json::parse(text, text + header.size());
}

std::map<std::string, std::string> metadata_of(const json& value, const std::string& path) {
  if (!value.is_object()) reject_tensors(path, "__metadata__ is no JSON object", rewrite);
  std::map<std::string, std::string> metadata;
  for (const auto& [key, text] : value.items()) {
    if (!text.is_string())
      reject_tensors(path, fmt::format("__metadata__ {} is {}, not a text", shown(key), shown(text)),
                     rewrite);
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

/// Bytes of a tensor of that shape; none where 64 bits do not suffice.
std::optional<std::uint64_t> bytes_of(const std::vector<std::uint64_t>& shape, std::uint64_t element_size) {
  std::uint64_t bytes = element_size;
  for (const std::uint64_t dimension : shape)
    if (__builtin_mul_overflow(bytes, dimension, &bytes)) return std::nullopt;
  return bytes;
}

TensorInfo info_of(const std::string& name, const json& value, std::uint64_t data_bytes,
                   const std::string& path) {
  const std::string where = "tensor " + quoted_text(name);
  if (!value.is_object()) reject_tensors(path, where + " is no JSON object", rewrite);
  const auto dtype = value.find("dtype");
  if (dtype == value.end()) reject_tensors(path, where + " has no dtype", rewrite);
  if (!dtype->is_string())
    reject_tensors(path, fmt::format("{} has dtype {}, not a text", where, shown(*dtype)), rewrite);
  TensorInfo info;
  info.dtype = dtype->get<std::string>();
  const auto shape = numbers_of(value, "shape");
  if (!shape) reject_tensors(path, where + " has no shape of whole numbers", rewrite);
  info.shape = *shape;
  const auto offsets = numbers_of(value, "data_offsets");
  if (!offsets || offsets->size() != 2)
    reject_tensors(path, where + " has no data_offsets of two whole numbers", rewrite);
  info.begin = (*offsets)[0];
  info.end = (*offsets)[1];
  if (info.begin > info.end)
    reject_tensors(
        path, fmt::format("{} has data_offsets [{}, {}] in the wrong order", where, info.begin, info.end),
        rewrite);
  if (info.end > data_bytes)
    reject_tensors(
        path, fmt::format("{} ends at byte {} of the data, but there are {}", where, info.end, data_bytes),
        "the file is cut short or damaged: copy or download it again");
  const Dtype* known = find_dtype(info.dtype);
  if (known == nullptr) return info;
  const auto bytes = bytes_of(info.shape, known->size);
  if (!bytes) reject_tensors(path, where + " has a shape of more than 2^64 bytes", rewrite);
  if (*bytes != info.end - info.begin)
    reject_tensors(path,
                   fmt::format("{} needs {} bytes for its shape and dtype {}, but data_offsets span {}",
                               where, *bytes, info.dtype, info.end - info.begin),
                   rewrite);
  return info;
}

/// The tensors must follow one another without gap or overlap from the first to the last byte of the data.
void check_coverage(const TensorHeader& header, std::uint64_t data_bytes, const std::string& path) {
  using Entry = std::pair<const std::string, TensorInfo>;
  std::vector<const Entry*> entries;
  for (const Entry& entry : header.tensors) entries.push_back(&entry);
  std::ranges::sort(entries, {},
                    [](const Entry* entry) { return std::pair(entry->second.begin, entry->second.end); });
  std::uint64_t next = 0;
  for (const Entry* entry : entries) {
    const auto& [name, info] = *entry;
    if (info.begin < next)
      reject_tensors(
          path,
          fmt::format("tensor {} starts at byte {} of the data, inside the tensor before it that ends at {}",
                      quoted_text(name), info.begin, next),
          rewrite);
    if (info.begin > next)
      reject_tensors(path,
                     fmt::format("bytes {} to {} of the data, before tensor {}, belong to no tensor", next,
                                 info.begin, quoted_text(name)),
                     rewrite);
    next = info.end;
  }
  if (next != data_bytes)
    reject_tensors(path,
                   fmt::format("the tensors end at byte {} of the data, but there are {}", next, data_bytes),
                   rewrite);
}

}  // namespace

void reject_tensors(const std::string& path, std::string_view what, std::string_view remedy) {
  throw InputError(fmt::format("{}: {}; {}", path, what, remedy));
}

std::string quoted_text(const std::string& text) {
  std::string quoted = json(text).dump(-1, ' ', true, json::error_handler_t::replace);
  constexpr std::size_t limit = 80;
  if (quoted.size() > limit) quoted = quoted.substr(0, limit) + "...\"";
  return quoted;
}

std::uint64_t header_size(std::span<const std::byte> start, std::uint64_t file_size,
                          const std::string& path) {
  std::uint64_t size = 0;
  if (start.size() < sizeof(size))
    reject_tensors(path, fmt::format("has {} bytes, too few for a safetensors file", file_size),
                   "give a whole .safetensors file");
  refuse_other_formats(start, path);
  std::memcpy(&size, start.data(), sizeof(size));
  if (size > max_header_bytes)
    reject_tensors(
        path, fmt::format("announces a header of {} bytes, the format allows {}", size, max_header_bytes),
        "give a .safetensors file");
  if (size > file_size - sizeof(size))
    reject_tensors(
        path,
        fmt::format("announces a header of {} bytes, but only {} follow", size, file_size - sizeof(size)),
        "the file is cut short or no safetensors file: copy or download it again");
  return size;
}

TensorHeader parse_tensor_header(std::span<const std::byte> header, std::uint64_t data_bytes,
                                 const std::string& path) {
  TensorHeader found;
  found.data_begin = sizeof(std::uint64_t) + header.size();
  const json root = parse_json(header, path);
  for (const auto& [name, value] : root.items()) {
    if (name == "__metadata__")
      found.metadata = metadata_of(value, path);
    else
      found.tensors.emplace(name, info_of(name, value, data_bytes, path));
  }
  check_coverage(found, data_bytes, path);
  return found;
}

}  // namespace modsweep
