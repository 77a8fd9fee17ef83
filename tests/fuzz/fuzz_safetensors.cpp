// libFuzzer target: any bytes are either read as a tensor file or cause an InputError, nothing else.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "modsweep/error.h"
#include "modsweep/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto file = modsweep::parse_safetensors(std::as_bytes(std::span(data, size)), "input");
    for (const auto& [name, tensor] : file.tensors) {
      std::uint64_t count = 1;
      for (const std::uint64_t dimension : tensor.shape) count *= dimension;
      if (count != tensor.values.size()) std::abort();
    }
  } catch (const modsweep::InputError&) {
  }
  return 0;
}
