#include "service/config/mistake.h"

#include <gtest/gtest.h>

namespace imbot::config {
namespace {

TEST(Mistake, ReadsAsFilePlacePathAndText) {
  EXPECT_EQ((Mistake{"portals[2].name", {12, 5}, "missing"}.ToString("gateway.yaml")),
            "gateway.yaml:12:5: portals[2].name: missing");
  EXPECT_EQ((Mistake{"", {3, 1}, "not YAML"}.ToString("gateway.yaml")), "gateway.yaml:3:1: not YAML");
  EXPECT_EQ((Mistake{"storage", {}, "missing"}.ToString("gateway.yaml")), "gateway.yaml: storage: missing");
}

TEST(PlaceMap, FallsBackToWhatHoldsTheField) {
  PlaceMap places;
  places.Add("portals", {1, 1});
  places.Add("portals[1]", {5, 5});
  places.Add("portals[1].webhook", {6, 5});
  EXPECT_EQ(places.Find("portals[1].webhook").line, 6);
  EXPECT_EQ(places.Find("portals[1].webhook.code.file").line, 6);
  EXPECT_EQ(places.Find("portals[1].name").line, 5);
  EXPECT_EQ(places.Find("portals[7].name").line, 1);
  EXPECT_EQ(places.Find("storage.sqlite").line, 0);
}

TEST(Nearest, FindsMisspellingsAndOtherSpellings) {
  const std::vector<std::string_view> names = {"base_url", "name", "webhook", "allow_plain_http"};
  EXPECT_EQ(Nearest("baseUrl", names), "base_url");
  EXPECT_EQ(Nearest("base-url", names), "base_url");
  EXPECT_EQ(Nearest("webhok", names), "webhook");
  EXPECT_EQ(Nearest("nmae", names), "");  // two of four letters: no resemblance
  EXPECT_EQ(Nearest("nam", names), "name");
  EXPECT_EQ(Nearest("allowPlainHtp", names), "allow_plain_http");
  EXPECT_EQ(Nearest("something", names), "");
  EXPECT_EQ(Nearest("", names), "");
  EXPECT_EQ(Nearest(std::string(100'000, 'n'), names), "");
}

}  // namespace
}  // namespace imbot::config
