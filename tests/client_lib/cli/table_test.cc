#include "client_lib/cli/table.h"

#include <gtest/gtest.h>

namespace imbot::cli {
namespace {

TEST(Table, SetsColumnsAsWideAsTheirWidestCell) {
  Table table({"BOT", ">ID", "STATE"});
  table.Add({"acme/support", "7", "active"});
  table.Add({"acme/x", "1234", ""});
  EXPECT_EQ(table.Text(Style(false), 0),
            "BOT             ID  STATE\n"
            "acme/support     7  active\n"
            "acme/x        1234\n");
}

TEST(Table, CountsCharactersAndNotBytes) {
  Table table({"A", "B"});
  table.Add({"größe", "1"});
  table.Add({"weite", "2"});
  EXPECT_EQ(table.Text(Style(false), 0), "A      B\ngröße  1\nweite  2\n");
}

TEST(Table, CutsTheLastColumnToTheWidthOfATerminal) {
  Table table({"A", "WHAT"});
  table.Add({"x", "0123456789 0123456789"});
  EXPECT_EQ(table.Text(Style(false), 16), "A  WHAT\nx  0123456789 0…\n");
  EXPECT_EQ(table.Text(Style(false), 0), "A  WHAT\nx  0123456789 0123456789\n") << "in a pipe nothing is lost";
}

TEST(Table, LetsNoTextFromElsewhereMoveTheTerminal) {
  Table table({"A"});
  table.Add({"a\x1b[2Jb\nc\xC2\x9b"});
  EXPECT_EQ(table.Text(Style(false), 0), "A\na?[2Jb c?\n");
}

TEST(Console, WrapsAtWordsAndIndentsWhatFollows) {
  EXPECT_EQ(Wrap("one two three four five six seven", 26, 2), "one two three four five\n  six seven");
  EXPECT_EQ(Wrap("one two", 0, 4), "one two");
}

TEST(Console, ColoursOnlyWhereItIsTold) {
  EXPECT_EQ(Style(true).Good("ok"), "\x1b[32mok\x1b[0m");
  EXPECT_EQ(Style(false).Good("ok"), "ok");
  EXPECT_EQ(Style(true).Good(""), "");
}

}  // namespace
}  // namespace imbot::cli
