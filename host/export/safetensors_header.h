// The header of safetensors files: what it must hold, and which tensors it describes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "modsweep/safetensors.h"

namespace modsweep {

/// The bytes at the start of a file that header_size() looks at; a smaller file has fewer.
constexpr std::size_t start_bytes = 16;

/// Throws InputError "path: what; remedy".
[[noreturn]] void reject_tensors(const std::string& path, std::string_view what, std::string_view remedy);

/// A text from a file on one line of a message: quoted, control characters escaped, long texts cut.
[[nodiscard]] std::string quoted_text(const std::string& text);

/// The number of bytes of the JSON header, which begins at byte 8. `start`: the first bytes of a file of
/// `file_size` bytes. Throws InputError for sizes that the format or the file does not allow, and for files
/// of other formats that are mistaken for safetensors.
[[nodiscard]] std::uint64_t header_size(std::span<const std::byte> start, std::uint64_t file_size,
                                        const std::string& path);

/// What a header says of `data_bytes` bytes of data. Throws InputError for anything wrong in it; takes time
/// in proportion to its length.
[[nodiscard]] TensorHeader parse_tensor_header(std::span<const std::byte> header, std::uint64_t data_bytes,
                                               const std::string& path);

}  // namespace modsweep
