// Folders, sweeps and results to put into stores.
#pragma once

#include "support/temporary_folder.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <SQLiteCpp/SQLiteCpp.h>

#include "modsweep/measure.h"
#include "modsweep/store.h"

namespace modsweep::test {

/// training.seed = 0 .. seeds-1 over a 2-3-2 network.
[[nodiscard]] Sweep seed_sweep(std::uint32_t seeds, const std::string& name = "seeds");

/// The output of a measure into a measurement.
[[nodiscard]] MeasureOutput output(std::string_view measure, Measurement& measurement);
/// Adds the results of the measure `spectrum` for these spectra.
void put_spectra(Measurement& measurement, const std::vector<LayerSpectra>& spectra,
                 const CellSettings& settings);

/// The spectra of two layers, one with a dead row, as in measurement_at().
[[nodiscard]] std::vector<LayerSpectra> spectra_at(double salt);

/// A measurement whose every number is different and needs all its digits.
[[nodiscard]] Measurement measurement_at(std::uint64_t step, double salt);

/// A finished cell: its last measurement with spectra, and weights; all numbers depend on its seed only.
[[nodiscard]] CellProgress finished(const Cell& cell);

/// A running cell, with a checkpoint.
[[nodiscard]] CellProgress running(const Cell& cell, std::uint64_t step);

/// The state that running() commits.
[[nodiscard]] std::vector<std::byte> state_at(std::uint64_t step);

/// The values of the first column of a query, as text, read without the Store.
[[nodiscard]] std::vector<std::string> column(const std::string& path, const std::string& sql);

/// Runs `body` in a child process; true if no expectation failed there.
[[nodiscard]] bool passes_in_child(const std::function<void()>& body);

/// The bytes of a file.
[[nodiscard]] std::string read_bytes(const std::string& path);
void write_bytes(const std::string& path, const std::string& bytes);

}  // namespace modsweep::test
