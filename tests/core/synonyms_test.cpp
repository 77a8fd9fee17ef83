// Names of other programs in messages about unknown names.
#include "core/synonyms.h"

#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>

namespace modsweep {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Names = std::vector<std::string_view>;

TEST(Synonyms, AreKnownInAnySpelling) {
  for (const char* tried : {"lr", "LR", "Lr"})
    EXPECT_THAT(synonyms_of(tried, setting_synonyms()), ElementsAre("training.learning_rate")) << tried;
  EXPECT_THAT(synonyms_of("Hidden-Sizes", setting_synonyms()), ElementsAre("network.hidden"));
  EXPECT_THAT(synonyms_of("betas", setting_synonyms()), ElementsAre("training.beta1", "training.beta2"));
  EXPECT_THAT(synonyms_of("learning_rates", setting_synonyms()), IsEmpty());
  EXPECT_THAT(synonyms_of("", setting_synonyms()), IsEmpty());
}

TEST(Synonyms, EachIsInItsTableOnceAndInNormalForm) {
  for (const auto table : {setting_synonyms(), section_synonyms(), column_synonyms(), choice_synonyms()}) {
    std::set<std::string> tried;
    for (const Synonym& synonym : table) {
      std::istringstream words{std::string(synonym.tried)};
      for (std::string word; words >> word;) {
        EXPECT_TRUE(tried.insert(word).second) << word << " is there twice";
        const auto names = synonyms_of(word, table);
        ASSERT_FALSE(names.empty()) << word;
        EXPECT_EQ(names[0], synonym.names[0]) << word;
      }
    }
    EXPECT_GE(tried.size(), 10U);
  }
}

TEST(Meant, IsASynonymThenTheSameNameBehindADotThenTheNearest) {
  const Names columns = {"cell",      "noise.strength", "training.seed",
                         "test_loss", "train_loss",     "gap_live_layer1"};
  EXPECT_THAT(meant("mse", columns), ElementsAre("test_loss", "train_loss"));
  EXPECT_THAT(meant("gap", columns), ElementsAre("gap_live_layer1"));
  EXPECT_THAT(meant("sigma", columns), ElementsAre("noise.strength"));
  EXPECT_THAT(meant("noise.sigma", columns), ElementsAre("noise.strength"));
  EXPECT_THAT(meant("seed", columns), ElementsAre("training.seed"));
  EXPECT_THAT(meant("tset_loss", columns), ElementsAre("test_loss"));
  EXPECT_THAT(meant("lr", columns), IsEmpty()) << "what is not there is not named";
  EXPECT_THAT(meant("xyzzy_plugh", columns), IsEmpty());
}

TEST(Meant, IsAskedForInOneWay) {
  EXPECT_EQ(did_you_mean(Names{"a"}), "did you mean a?");
  EXPECT_EQ(did_you_mean(Names{"a", "b"}), "did you mean a or b?");
}

}  // namespace
}  // namespace modsweep
