// The pictures of a sweep: every kind that its axes suit, drawn by gnuplot.
#pragma once

#include "figures/figure.h"
#include "page/page.h"
#include "page/store_data.h"

#include <cstddef>
#include <string>
#include <vector>

namespace modsweep::page {

/// Draws a figure. Where that fails, as without gnuplot, the picture says why and what to do in its place.
/// `command`: makes the same picture; may be empty.
[[nodiscard]] Picture picture_of(const figures::Figure& figure, std::string title, std::string command);

/// Leaves out what takes more than so many bytes: pictures that do not fit, then gnuplot's texts. What
/// is left out says how to draw it.
void fit_into_page(const std::vector<Picture*>& pictures, std::size_t most_bytes);

/// Colors of pictures on dark ground, for Page::style.
[[nodiscard]] std::string picture_colors();

/// All of them, in so many bytes; what does not fit is left out, and says so. A section without pictures
/// where no network is finished or measured.
[[nodiscard]] Section pictures_section(const Store& store, const StoreData& data, std::size_t most_bytes);

}  // namespace modsweep::page
