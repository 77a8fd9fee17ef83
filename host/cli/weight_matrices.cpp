#include "cli/weight_matrices.h"

#include "core/formats.h"
#include "core/text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <fmt/ranges.h>

#include "modsweep/error.h"

namespace modsweep::cli {
namespace {

// An eigenvalue problem of this size takes about a minute and half a gigabyte.
constexpr std::uint64_t most_units = 4096;

constexpr std::size_t shown_names = 8;  // of those that are left out for one reason

using Named = std::pair<const std::string, TensorInfo>;

std::string shown_name(const std::string& name) {
  return one_line(name, 200);
}

/// Why a tensor has no spectrum; empty if it has one.
std::string unfit(const TensorInfo& tensor, ClusterBy by) {
  const std::size_t dimensions = tensor.shape.size();
  if (dimensions != 2 && dimensions != 3)
    return fmt::format("not a matrix ({})", format_plural(static_cast<double>(dimensions), "dimension"));
  if (!is_readable_dtype(tensor.dtype))
    return fmt::format("dtype {} is not read", one_line(tensor.dtype, 20));
  if (std::ranges::find(tensor.shape, 0U) != tensor.shape.end()) return "empty";
  if (tensor.shape[dimensions - (by == ClusterBy::incoming ? 2 : 1)] > most_units)
    return fmt::format("more than {} units", most_units);
  return {};
}

/// [P, m] of all vectors that networks in stacks [P, out, in] may have: biases, scales, slopes.
using StackVectors = std::set<std::pair<std::uint64_t, std::uint64_t>>;

/// PyTorch's bias of a convolution along one axis, whose weights [out, in, kernel] look like a stack, is
/// [out]; that of a stack is [P, out].
bool is_convolution(const TensorHeader& header, const Named& tensor) {
  constexpr std::string_view weight = "weight";
  const auto& [name, info] = tensor;
  if (info.shape.size() != 3 || !name.ends_with(weight)) return false;
  const auto bias = header.tensors.find(name.substr(0, name.size() - weight.size()) + "bias");
  return bias != header.tensors.end() && bias->second.shape == std::vector{info.shape[0]};
}

/// Why a tensor that could have a spectrum holds no weights, as it seems; empty if it looks like weights.
std::string unlikely(const TensorHeader& header, const Named& tensor, const StackVectors& vectors) {
  const auto& [name, info] = tensor;
  if (!info.dtype.starts_with('F') && !info.dtype.starts_with("BF"))
    return fmt::format("whole numbers ({})", info.dtype);
  if (is_convolution(header, tensor)) return "kernels of a convolution, by their bias";
  if (info.shape.size() == 2 && vectors.contains({info.shape[0], info.shape[1]}))
    return fmt::format("a vector for each of the {} networks of a stack", info.shape[0]);
  return {};
}

StackVectors vectors_of_stacks(const TensorHeader& header, ClusterBy by) {
  StackVectors vectors;
  for (const Named& tensor : header.tensors) {
    const std::vector<std::uint64_t>& shape = tensor.second.shape;
    if (shape.size() != 3 || !unfit(tensor.second, by).empty() || !unlikely(header, tensor, {}).empty())
      continue;
    for (const std::uint64_t length : {std::uint64_t{1}, shape[1], shape[2]})
      vectors.emplace(shape[0], length);
  }
  return vectors;
}

/// Adds the matrix of a tensor, or those of a stack: all, or that of one network.
void add_matrices(std::vector<WeightMatrix>& matrices, const Named& tensor, bool named,
                  std::optional<std::uint64_t> network) {
  const auto& [name, info] = tensor;
  const std::size_t dimensions = info.shape.size();
  WeightMatrix matrix{.tensor = name,
                      .network = network,
                      .dtype = info.dtype,
                      .rows = info.shape[dimensions - 2],
                      .columns = info.shape[dimensions - 1]};
  if (dimensions == 3 && !network) {
    for (std::uint64_t p = 0; p < info.shape[0]; ++p) {
      matrix.network = p;
      matrices.push_back(matrix);
    }
    return;
  }
  matrix.named = named;
  matrices.push_back(std::move(matrix));
}

[[noreturn]] void refuse_tensor(const TensorHeader& header, const std::string& path,
                                const std::string& name) {
  std::vector<std::string> some;
  for (const Named& tensor : header.tensors) {
    if (some.size() == 12) break;
    some.push_back(shown_name(tensor.first));
  }
  throw InputError(fmt::format("{}: no tensor '{}'; there are {}{}", path, shown_name(name),
                               fmt::join(some, ", "), some.size() < header.tensors.size() ? ", ..." : ""));
}

/// The tensor of this name, or the stack of NAME[I] and I.
std::pair<const Named*, std::optional<std::uint64_t>> find_named(const TensorHeader& header,
                                                                 const std::string& path,
                                                                 const std::string& name) {
  if (const auto found = header.tensors.find(name); found != header.tensors.end())
    return {&*found, std::nullopt};
  const std::size_t bracket = name.rfind('[');
  if (bracket == std::string::npos || !name.ends_with(']')) refuse_tensor(header, path, name);
  const auto stack = header.tensors.find(name.substr(0, bracket));
  std::uint64_t network = 0;
  const char* const last = name.data() + name.size() - 1;
  const auto [end, error] = std::from_chars(name.data() + bracket + 1, last, network);
  if (stack == header.tensors.end() || stack->second.shape.size() != 3 || error != std::errc{} || end != last)
    refuse_tensor(header, path, name);
  if (network >= stack->second.shape[0])
    throw InputError(fmt::format("{}: '{}' is no network of the stack; it has {}, counted from 0", path,
                                 shown_name(name), stack->second.shape[0]));
  return {&*stack, network};
}

}  // namespace

std::string WeightMatrix::label() const {
  return network ? fmt::format("{}[{}]", shown_name(tensor), *network) : shown_name(tensor);
}

void LeftOut::add(const std::string& reason, const std::string& label) {
  Tensors& tensors = by_reason_[reason];
  if (++tensors.count <= shown_names) tensors.first.push_back(label);
}

void LeftOut::print(const std::string& path, std::ostream& err) const {
  for (const auto& [reason, tensors] : by_reason_) {
    fmt::print(err, "{}: left out, {}: {}", path, reason, fmt::join(tensors.first, ", "));
    if (tensors.count > tensors.first.size())
      fmt::print(err, " and {} more",
                 format_count(static_cast<double>(tensors.count - tensors.first.size())));
    fmt::print(err, "\n");
  }
}

std::optional<std::vector<double>> read_finite(TensorReader& file, const WeightMatrix& matrix) {
  const std::uint64_t entries = matrix.rows * matrix.columns;
  std::vector<double> values = file.read(matrix.tensor, matrix.network.value_or(0) * entries, entries);
  if (!std::ranges::all_of(values, [](double value) { return std::isfinite(value); })) return std::nullopt;
  return values;
}

std::vector<WeightMatrix> select_matrices(const TensorHeader& header, const std::string& path,
                                          const std::vector<std::string>& names, ClusterBy by,
                                          LeftOut& left_out) {
  std::vector<WeightMatrix> matrices;
  for (const std::string& name : names) {
    const auto [tensor, network] = find_named(header, path, name);
    if (const std::string reason = unfit(tensor->second, by); !reason.empty())
      throw InputError(fmt::format("{}: tensor '{}' has no spectrum: {}; choose another --tensor", path,
                                   shown_name(name), reason));
    add_matrices(matrices, *tensor, true, network);
  }
  if (!names.empty()) return matrices;
  const StackVectors vectors = vectors_of_stacks(header, by);
  for (const Named& tensor : header.tensors) {
    std::string reason = unfit(tensor.second, by);
    if (reason.empty()) {
      reason = unlikely(header, tensor, vectors);
      if (!reason.empty()) reason += " (--tensor NAME takes it)";
    }
    if (reason.empty())
      add_matrices(matrices, tensor, false, std::nullopt);
    else
      left_out.add(reason, shown_name(tensor.first));
  }
  return matrices;
}

}  // namespace modsweep::cli
