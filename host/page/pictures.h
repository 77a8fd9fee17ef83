// The pictures of a sweep: every kind that its axes suit, drawn by gnuplot.
#pragma once

#include "figures/figure.h"
#include "page/page.h"
#include "page/store_data.h"

#include <string>
#include <vector>

namespace modsweep::page {

/// Draws a figure. Where that fails, as without gnuplot, the picture says why and what to do in its place.
/// `command`: makes the same picture; may be empty.
[[nodiscard]] Picture picture_of(const figures::Figure& figure, std::string title, std::string command);

/// Leaves out what would make a page larger than 1 MB: pictures that do not fit, then gnuplot's texts. What
/// is left out says how to draw it.
void fit_into_page(const std::vector<Picture*>& pictures);

/// Colors of pictures on dark ground, for Page::style.
[[nodiscard]] std::string picture_colors();

/// All of them; what would make the page too large is left out, and says so. A section without pictures where
/// no network is finished or measured.
[[nodiscard]] Section pictures_section(const Store& store, const StoreData& data);

}  // namespace modsweep::page
