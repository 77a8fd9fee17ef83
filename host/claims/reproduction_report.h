// A reproduction report as text.
#pragma once

#include "claims/claim.h"

#include <ostream>
#include <string>
#include <vector>

namespace modsweep::claims {

/// The head of a report.
struct ReportHead {
  std::string version;  ///< of the program
  std::string date;     ///< "2026-01-31"
  std::string note;     ///< from the user; may be empty
  IntervalSettings intervals{};
};

/// The protocol of a judgment's cells in words: "full protocol: 30 of 30 cells, ...".
[[nodiscard]] std::string protocol_text(const Judgment& judgment);

/// The command that trains the claim's sweep.
[[nodiscard]] std::string run_command(const Claim& claim);
/// "Figure 8f-h", "Causes: retina".
[[nodiscard]] std::string title_of(const Claim& claim);
/// How the report's intervals are made, in a sentence.
[[nodiscard]] std::string intervals_text(const IntervalSettings& intervals);

void write_markdown(const ReportHead& head, const std::vector<Judgment>& judgments, std::ostream& out);
void write_json(const ReportHead& head, const std::vector<Judgment>& judgments, std::ostream& out);

}  // namespace modsweep::claims
