// What is installed: each header opens with its contract and includes nothing of ours but other public headers.
// That each compiles alone, the build has shown: public_headers in CMakeLists.txt.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>

namespace {

using testing::ContainerEq;

std::set<std::string> Installed() {
  std::set<std::string> headers;
  std::istringstream list(IMBOT_PUBLIC_HEADERS);
  for (std::string header; list >> header;) headers.insert(header);
  return headers;
}

std::string Text(const std::string& header) {
  std::ifstream in(std::filesystem::path(IMBOT_CLIENT_LIB) / header);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::set<std::string> Includes(const std::string& text) {
  static const std::regex pattern(R"re(#\s*include\s*["<]([^">]+)[">])re");
  std::set<std::string> includes;
  for (std::sregex_iterator it(text.begin(), text.end(), pattern), end; it != end; ++it) includes.insert((*it)[1]);
  return includes;
}

// Empty, or what is wrong with it.
std::string Fault(const std::string& text, const std::set<std::string>& installed) {
  if (!text.starts_with("// ") || text.find("hread-") == std::string::npos) return "no contract at its head";
  for (const std::string& include : Includes(text)) {
    if (include.starts_with("bitrix24/rest/")) return "options: " + include;
    if (include.starts_with("service/") || include.starts_with("tests/") || include.starts_with("client_lib/") ||
        include.starts_with("proto/"))
      return "not installed: " + include;
    if (include.starts_with("imbot/client/") && !installed.contains(include)) return "not public: " + include;
    if (include.starts_with("google/rpc/")) return "another project may have its own: " + include;
  }
  return "";
}

TEST(PublicHeaders, AreAllInstalled) {
  std::set<std::string> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(IMBOT_CLIENT_LIB "/imbot")) {
    const std::string path = entry.path().lexically_relative(IMBOT_CLIENT_LIB).generic_string();
    if (path.ends_with(".h") && path.find("/internal/") == std::string::npos) found.insert(path);
  }
  EXPECT_THAT(Installed(), ContainerEq(found));
  EXPECT_GE(found.size(), 8u);
}

TEST(PublicHeaders, OpenWithTheirContractAndIncludeWhatIsPublic) {
  for (const std::string& header : Installed()) EXPECT_EQ(Fault(Text(header), Installed()), "") << header;
}

// The positive control.
TEST(PublicHeaders, AFaultWouldBeFound) {
  const std::string good = "// A thing. Thread-safe.\n#include <string>\n";
  EXPECT_EQ(Fault(good, {}), "");
  EXPECT_NE(Fault("#include <string>\n", {}), "");
  for (const char* include : {"bitrix24/rest/options.pb.h", "service/base/error.h", "imbot/client/internal/wire.h",
                              "google/rpc/status.pb.h", "client_lib/json_reader/json_reader.h"}) {
    EXPECT_NE(Fault(good + "#include \"" + include + "\"\n", {}), "") << include;
  }
}

}  // namespace
