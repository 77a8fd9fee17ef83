// The page of `reproduce`: each claim of the paper with what came out, and its picture.
#pragma once

#include "claims/reproduction_report.h"
#include "page/page.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace modsweep::page {

/// Draws a claim's cells; none where they cannot be drawn. Called once for each sweep.
using ClaimPicture = std::function<std::optional<Picture>(const claims::Judgment&)>;

/// The kind of plot, and the columns, that show what is claimed of a sweep.
struct ClaimPlot {
  std::string kind;            ///< empty: what the axes suggest
  std::string x = {};          ///< empty: likewise
  std::vector<std::string> y;  ///< empty: likewise
};
[[nodiscard]] ClaimPlot plot_of_claim(std::string_view sweep);

/// Pictures are dropped where the page would become larger than 1 MB, the last ones first.
[[nodiscard]] Page claims_page(const claims::ReportHead& head, const std::vector<claims::Judgment>& judgments,
                               const ClaimPicture& picture);

}  // namespace modsweep::page
