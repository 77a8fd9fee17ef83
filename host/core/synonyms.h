// Names that users of other programs try, and what they are called here: for messages about unknown names.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace modsweep {

/// One or two names here, the likelier first, and the names of other programs that stand for them.
struct Synonym {
  std::array<std::string_view, 2> names{};
  std::string_view tried;  ///< words between blanks, in small letters, with '_'
};

/// Of settings: "lr" is training.learning_rate.
[[nodiscard]] std::span<const Synonym> setting_synonyms();
/// Of the tables of a sweep file: "model" is network.
[[nodiscard]] std::span<const Synonym> section_synonyms();
/// Of columns of measured numbers: "mse" is test_loss.
[[nodiscard]] std::span<const Synonym> column_synonyms();
/// Of the values of settings that are one of several names: "float64" is fp64.
[[nodiscard]] std::span<const Synonym> choice_synonyms();

/// What `tried` stands for, whether in capitals or with '-' for '_'; empty: unknown.
[[nodiscard]] std::vector<std::string_view> synonyms_of(std::string_view tried,
                                                        std::span<const Synonym> table);

/// The candidates that `tried` may mean, which is none of them: by synonyms of settings and columns; else
/// those that are the same behind a dot; else the nearest one by its spelling. Empty: none.
[[nodiscard]] std::vector<std::string_view> meant(std::string_view tried,
                                                  std::span<const std::string_view> candidates);

/// "did you mean a or b?"
[[nodiscard]] std::string did_you_mean(std::span<const std::string_view> names);

}  // namespace modsweep
