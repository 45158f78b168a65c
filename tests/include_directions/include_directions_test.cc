// DESIGN.md section 2, "Dependency direction": the repository keeps to it, and each kind of breach would be found.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "tests/include_directions/include_rules.h"

namespace imbot::include_directions {

void PrintTo(const Breach& breach, std::ostream* out) {
  *out << breach.file << ":" << breach.line << ": " << breach.what;
}

namespace {

using Tree = std::map<std::string, std::string>;  // path -> text
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

// A tree in which every include is allowed.
Tree CleanTree() {
  return {
      {"service/base/clock.h", "#include <chrono>\n#include \"google/rpc/status.pb.h\"\n"},
      {"service/base/json.cc", "#include \"service/base/clock.h\"\n#include <simdjson.h>\n"},
      {"service/base/log.cc", "#include <spdlog/logger.h>\n"},
      {"service/base/metrics.cc", "#include <prometheus/registry.h>\n#include <prometheus/counter.h>\n"},
      {"service/config/loader.cc", "#include <yaml-cpp/yaml.h>\n#include \"service/base/clock.h\"\n"},
      {"service/translate/encode.h", "#include \"google/protobuf/descriptor.h\"\n#include \"service/base/clock.h\"\n"},
      {"service/translate/encode.cc", "message.GetReflection();\n"},
      {"service/transport/transport.h", "#include \"service/base/clock.h\"\n"},
      {"service/transport/multi.cc", "#include <curl/curl.h>\n"},
      {"service/transport/handle.cc", "#include <curl/curl.h>\n"},
      {"service/storage/sqlite.cc", "#include <sqlite3.h>\n"},
      {"service/portal/scheduler.h",
       "#include \"service/transport/transport.h\"\n#include \"service/translate/encode.h\"\n"},
      {"service/rpc/server.cc", "#include <grpcpp/server.h>\n#include \"service/translate/encode.h\"\n"},
      {"service/rpc/health.cc", "#include \"grpc/health/v1/health.grpc.pb.h\"\n"},
      {"service/gateway.h", "#include <memory>\n"},
      {"service/gateway.cc",
       "#include \"service/gateway.h\"\n#include \"service/rpc/server.h\"\n#include \"service/storage/sqlite.h\"\n"},
      {"service/main.cc", "#include \"service/gateway.h\"\n#include \"service/config/loader.h\"\n"},
      {"proto/contract.cc", "#include \"proto/contract.h\"\n"},
      {"client_lib/client.h",
       "#include \"bitrix24/imbot/v2/bot_service.grpc.pb.h\"\n#include \"client_lib/channel.h\"\n"},
      {"tests/simulator/portal.cc", "#include \"tests/simulator/json.h\"\n#include <nlohmann/json.hpp>\n"},
      {"tests/rpc/server_test.cc", "#include \"service/rpc/server.h\"\n#include <grpcpp/grpcpp.h>\n"},
  };
}

// A folder of its own for each test, removed with it.
class FixtureTree {
 public:
  explicit FixtureTree(const Tree& tree) {
    std::string pattern = (std::filesystem::temp_directory_path() / "include_directions.XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) return;
    root_ = pattern;
    for (const auto& [path, text] : tree) {
      std::filesystem::create_directories((root_ / path).parent_path());
      std::ofstream(root_ / path) << text;
    }
  }
  FixtureTree(const FixtureTree&) = delete;
  FixtureTree& operator=(const FixtureTree&) = delete;
  ~FixtureTree() {
    if (!root_.empty()) std::filesystem::remove_all(root_);
  }
  const std::filesystem::path& root() const { return root_; }

 private:
  std::filesystem::path root_;
};

template <class Param>
std::string Name(const testing::TestParamInfo<Param>& info) {
  return info.param.name;
}

TEST(IncludeDirections, TheRepositoryKeepsToItsOwnDirections) {
  const Findings findings = CheckIncludes(IMBOT_SOURCE_DIR);
  EXPECT_THAT(findings.breaches, IsEmpty());
  // A reader that saw nothing would find nothing.
  EXPECT_GT(findings.files, 50U);
  EXPECT_GT(findings.includes, 200U);
}

TEST(IncludeDirections, ATreeInWhichEveryIncludeIsAllowedHasNoFindings) {
  const FixtureTree fixture(CleanTree());
  const Findings findings = CheckIncludes(fixture.root());
  EXPECT_THAT(findings.breaches, IsEmpty());
  EXPECT_EQ(findings.files, CleanTree().size());
  EXPECT_EQ(findings.includes, 33U);
}

struct Plant {
  std::string name;
  std::string file;     // that gets a line more
  std::string line;     // the breach
  std::string finding;  // what has to be said of it
};

void PrintTo(const Plant& plant, std::ostream* out) {
  *out << plant.file << " with " << plant.line;
}

class PlantedBreach : public testing::TestWithParam<Plant> {};

TEST_P(PlantedBreach, IsFoundAtItsLineAndAlone) {
  Tree tree = CleanTree();
  tree[GetParam().file] = "// one line\n" + GetParam().line + "\n" + tree[GetParam().file];
  const FixtureTree fixture(tree);
  EXPECT_THAT(CheckIncludes(fixture.root()).breaches,
              ElementsAre(AllOf(Field(&Breach::file, GetParam().file), Field(&Breach::line, 2U),
                                Field(&Breach::what, HasSubstr(GetParam().finding)))));
}

std::string Ours(const std::string& path) {
  return "#include \"" + path + "\"";
}
std::string Theirs(const std::string& path) {
  return "#include <" + path + ">";
}

INSTANTIATE_TEST_SUITE_P(
    Directions, PlantedBreach,
    testing::Values(
        Plant{"BaseIncludesNothingAbove", "service/base/clock.h", Ours("service/translate/encode.h"),
              "base may not include translate"},
        Plant{"BaseDoesNotKnowConfig", "service/base/clock.h", Ours("service/config/loader.h"),
              "base may not include config"},
        Plant{"ConfigKnowsOnlyBase", "service/config/loader.cc", Ours("service/storage/store.h"),
              "config may not include storage"},
        Plant{"SiblingsOfTheSecondRow", "service/translate/encode.cc", Ours("service/transport/transport.h"),
              "translate may not include transport"},
        Plant{"StorageIsASiblingToo", "service/storage/sqlite.cc", Ours("service/translate/encode.h"),
              "storage may not include translate"},
        Plant{"TransportLooksNoHigher", "service/transport/multi.cc", Ours("service/portal/scheduler.h"),
              "transport may not include portal"},
        Plant{"SiblingsOfTheThirdRow", "service/portal/scheduler.h", Ours("service/credentials/bot_vault.h"),
              "portal may not include credentials"},
        Plant{"EventsAndPortalAreSiblings", "service/events/poller.cc", Ours("service/portal/scheduler.h"),
              "events may not include portal"},
        Plant{"CredentialsDoNotKnowRpc", "service/credentials/bot_vault.cc", Ours("service/rpc/call.h"),
              "credentials may not include rpc"},
        Plant{"RpcDoesNotKnowTheGateway", "service/rpc/server.cc", Ours("service/gateway.h"),
              "rpc may not include gateway.h"},
        Plant{"OnlyGatewayIncludesRpc", "service/main.cc", Ours("service/rpc/server.h"), "main.cc may not include rpc"},
        Plant{"TheGatewaysHeaderNamesNoImplementation", "service/gateway.h", Ours("service/rpc/server.h"),
              "gateway.h may not include rpc"},
        Plant{"MainKnowsOnlyTheGateway", "service/main.cc", Ours("service/storage/sqlite.h"),
              "main.cc may not include storage"},
        Plant{"NoFolderThatTheDesignDoesNotName", "service/util/strings.h", Theirs("string"), "util is no folder"}),
    Name<Plant>);

INSTANTIATE_TEST_SUITE_P(Parts, PlantedBreach,
                         testing::Values(Plant{"TheSimulatorSharesNoCode", "tests/simulator/portal.cc",
                                               Ours("service/base/json.h"), "shares nothing"},
                                         Plant{"TheSimulatorSharesNoTestCode", "tests/simulator/portal.cc",
                                               Ours("tests/fakes/manual_loop.h"), "shares nothing"},
                                         Plant{"TheSimulatorDoesNotKnowTheContract", "tests/simulator/portal.cc",
                                               Ours("bitrix24/rest/options.pb.h"), "shares nothing"},
                                         Plant{"TheClientSeesOnlyTheContract", "client_lib/client.h",
                                               Ours("service/base/clock.h"), "sees only the contract"},
                                         Plant{"TheContractDependsOnNothing", "proto/contract.cc",
                                               Ours("service/base/clock.h"), "depends on nothing"},
                                         Plant{"TheGatewayDoesNotKnowItsTests", "service/rpc/server.cc",
                                               Ours("tests/fakes/manual_loop.h"), "depends on nothing but"},
                                         Plant{"TheGatewayDoesNotKnowItsClient", "service/rpc/server.cc",
                                               Ours("client_lib/client.h"), "depends on nothing but"},
                                         Plant{"NorByTheNameItsUsersKnow", "service/rpc/server.cc",
                                               Ours("imbot/client/client.h"), "depends on nothing but"}),
                         Name<Plant>);

INSTANTIATE_TEST_SUITE_P(
    Libraries, PlantedBreach,
    testing::Values(
        Plant{"PortalNeverSeesCurl", "service/portal/scheduler.h", Theirs("curl/curl.h"),
              "libcurl does not belong here"},
        Plant{"SqliteStaysInStorage", "service/credentials/bot_vault.cc", Theirs("sqlite3.h"),
              "SQLite does not belong here"},
        Plant{"YamlStaysInConfig", "service/rpc/server.cc", Theirs("yaml-cpp/yaml.h"), "yaml-cpp does not belong here"},
        Plant{"SpdlogStaysInBase", "service/rpc/server.cc", Theirs("spdlog/spdlog.h"), "spdlog does not belong here"},
        Plant{"FormattingIsSpdlogsOwn", "service/rpc/server.cc", Theirs("fmt/core.h"), "spdlog does not belong here"},
        Plant{"PrometheusStaysInBase", "service/portal/scheduler.h", Theirs("prometheus/counter.h"),
              "prometheus-cpp does not belong here"},
        Plant{"OneJsonLibrary", "service/translate/encode.cc", Theirs("simdjson.h"), "simdjson does not belong here"},
        Plant{"NoSecondJsonLibrary", "service/base/json.cc", Theirs("nlohmann/json.hpp"),
              "another JSON library does not belong here"},
        Plant{"OpensslStaysBelow", "service/rpc/server.cc", Theirs("openssl/sha.h"), "OpenSSL does not belong here"},
        Plant{"GrpcStaysInRpc", "service/portal/scheduler.h", Theirs("grpcpp/grpcpp.h"), "gRPC does not belong here"},
        Plant{"StubsStayInRpc", "service/portal/scheduler.h", Ours("bitrix24/imbot/v2/bot_service.grpc.pb.h"),
              "gRPC does not belong here"},
        Plant{"ReflectionStaysInTranslate", "service/portal/scheduler.h", Ours("google/protobuf/descriptor.h"),
              "proto reflection does not belong here"},
        Plant{"DynamicMessagesToo", "service/credentials/bot_vault.cc", Theirs("google/protobuf/dynamic_message.h"),
              "proto reflection does not belong here"},
        Plant{"InConfigOnlyTheReaderReflects", "service/config/loader.cc", Ours("google/protobuf/descriptor.h"),
              "proto reflection does not belong here"},
        Plant{"ReflectionThroughAMessagesOwnHeader", "service/portal/scheduler.h",
              "  call.request().GetReflection()->ListFields();", "proto reflection does not belong here"}),
    Name<Plant>);

INSTANTIATE_TEST_SUITE_P(
    Paths, PlantedBreach,
    testing::Values(Plant{"RelativeToTheFolder", "service/base/json.cc", Ours("clock.h"), "not the full path"},
                    Plant{"UpAndDown", "service/portal/scheduler.h", Ours("../rpc/call.h"), "not the full path"},
                    Plant{"InAngleBrackets", "service/base/json.cc", Theirs("service/base/clock.h"), "angle brackets"}),
    Name<Plant>);

struct Second {
  std::string name;
  std::string file;
  std::string header;
  std::string library;
};

void PrintTo(const Second& second, std::ostream* out) {
  *out << second.file << " with " << second.header;
}

class SecondFile : public testing::TestWithParam<Second> {};

TEST_P(SecondFile, OfTheSameLibraryIsFoundThoughItStandsInTheRightFolder) {
  Tree tree = CleanTree();
  tree[GetParam().file] = Theirs(GetParam().header) + "\n";
  const FixtureTree fixture(tree);
  EXPECT_THAT(
      CheckIncludes(fixture.root()).breaches,
      ElementsAre(Field(&Breach::what, AllOf(HasSubstr(GetParam().library + " is included by more than one file"),
                                             HasSubstr(GetParam().file)))));
}

INSTANTIATE_TEST_SUITE_P(Libraries, SecondFile,
                         testing::Values(Second{"Sqlite", "service/storage/migrations.cc", "sqlite3.h", "SQLite"},
                                         Second{"Yaml", "service/config/checks.cc", "yaml-cpp/yaml.h", "yaml-cpp"},
                                         Second{"Spdlog", "service/base/audit.cc", "spdlog/logger.h", "spdlog"},
                                         Second{"Prometheus", "service/base/gauges.cc", "prometheus/gauge.h",
                                                "prometheus-cpp"},
                                         Second{"Simdjson", "service/base/reader.cc", "simdjson.h", "simdjson"}),
                         Name<Second>);

}  // namespace
}  // namespace imbot::include_directions
