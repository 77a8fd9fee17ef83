// The stored form of parameters: a JSON shape and a little-endian blob.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "modsweep/network.h"
#include "modsweep/settings.h"

namespace modsweep {

/// {"sizes":[4,32,4],"groups":[1,1],"bias":true,"prelu":false}, or of a recurrent network
/// {"family":"recurrent","units":10,"modular":true,"one_bias":false,"modules":3,"heads":3}
[[nodiscard]] std::string shape_json(const Shape& shape);
/// Throws InputError if the text is not such an object; `path` is used in the message.
[[nodiscard]] Shape shape_from_json(const std::string& json, const std::string& path);

/// "F32" or "F64".
[[nodiscard]] const char* weights_dtype(Precision precision);
/// The values as computed. Throws LogicError if fp32 cannot hold a value exactly.
[[nodiscard]] std::vector<std::byte> pack_weights(const Parameters& weights, Precision precision);
/// Throws InputError if the bytes do not fit the dtype and shape.
[[nodiscard]] std::vector<double> unpack_weights(std::span<const std::byte> bytes, const std::string& dtype,
                                                 const Shape& shape, const std::string& path);

}  // namespace modsweep
