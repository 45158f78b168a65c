#include "service/config/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "service/base/strings.h"
#include "service/config/validate.h"
#include "service/config/yaml_to_proto.h"
#include "tests/base/temp_dir.h"
#include "tests/transport/test_certificates.h"

namespace imbot::config {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using testing_support::TempDir;

constexpr char kKey[] = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
constexpr char kOldKey[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e20";

class LoadTest : public ::testing::Test {
 protected:
  LoadTest() {
    dir_.Write("code", "abc123\n");
    dir_.Write("key", kKey);
  }

  // `code`, `more` and `key` go where their names say.
  std::string Write(std::string_view code = "{file: code}", std::string_view more = "",
                    std::string_view key = "seal_key_file: key") {
    return dir_.Write(
        "gateway.yaml",
        base::StrCat(
            "portals:\n  - name: acme\n    base_url: https://acme.bitrix24.com\n    webhook:\n      user_id: 1\n"
            "      code: ",
            code, "\nlisteners:\n  grpc: [{address: 127.0.0.1:0}]\nstorage: {sqlite: {path: store.db}, ", key, "}\n",
            more));
  }
  LoadResult Load(const std::string& path) {
    return Read(path, [this](const char* name) -> const char* {
      const auto it = environment_.find(name);
      return it == environment_.end() ? nullptr : it->second.c_str();
    });
  }
  std::string Mistakes(const std::string& path) {
    return base::StrJoin(Load(path).mistakes, "\n", [](const Mistake& mistake) { return mistake.ToString("f"); });
  }
  // With this TLS of a listener for callers, and of AdminService's if there is one.
  std::string MistakesOfTls(std::string_view grpc, std::string_view admin = "") {
    const std::string second = admin.empty() ? "" : base::StrCat(", admin: {address: '127.0.0.1:0', tls: ", admin, "}");
    return Mistakes(dir_.Write(
        "gateway.yaml",
        base::StrCat("portals: [{name: a, base_url: 'https://a.b', webhook: {user_id: 1, code: {file: code}}}]\n"
                     "listeners: {grpc: [{address: '127.0.0.1:0', tls: ",
                     grpc, "}]", second, "}\nstorage: {sqlite: {path: s.db}, seal_key_file: key}\n")));
  }

  const transport::Identity server_ = transport::TestAuthority().Issue({"localhost"});
  const std::string certificate_ = server_.certificate_pem();
  const TempDir dir_;
  std::map<std::string, std::string> environment_;
};

TEST_F(LoadTest, ReadsTheCompleteExample) {
  // With the files and variables it names.
  std::filesystem::create_directories(dir_.File("secrets"));
  std::filesystem::create_directories(dir_.File("tls"));
  std::filesystem::create_directories(dir_.File("state"));
  dir_.Write("secrets/acme-webhook", "abc123");
  dir_.Write("secrets/support-token", "t0ken");
  dir_.Write("secrets/proxy-url", "http://user:pw@proxy:3128");
  dir_.Write("secrets/seal-key", kKey);
  dir_.Write("secrets/seal-key-2025", kOldKey);
  dir_.Write("tls/server.crt", certificate_);
  dir_.Write("tls/server.key", server_.key_pem());
  dir_.Write("tls/clients-ca.crt", certificate_);
  dir_.Write("tls/portals-ca.crt", certificate_);
  environment_["INTRANET_WEBHOOK_CODE"] = "def456";
  std::filesystem::copy_file(IMBOT_COMPLETE_YAML, dir_.File("complete.yaml"));

  const LoadResult result = Load(dir_.File("complete.yaml"));
  ASSERT_EQ(Mistakes(dir_.File("complete.yaml")), "");
  const Config& config = *result.config;
  EXPECT_THAT(config.warnings, IsEmpty());
  EXPECT_EQ(config.settings.default_portal(), "acme");
  EXPECT_EQ(config.webhook_codes.at("acme").Reveal(), "abc123");
  EXPECT_EQ(config.webhook_codes.at("intranet").Reveal(), "def456");
  EXPECT_EQ(config.bot_secrets.at({"acme", "support"}).Reveal(), "t0ken");
  EXPECT_EQ(config.proxy.Reveal(), "http://user:pw@proxy:3128");
  ASSERT_THAT(config.grpc_tls, SizeIs(2));
  EXPECT_FALSE(config.grpc_tls[0].has_value());
  EXPECT_EQ(config.grpc_tls[1]->certificate_chain, certificate_);
  EXPECT_EQ(config.grpc_tls[1]->client_ca, certificate_);
  EXPECT_THAT(std::string(config.grpc_tls[1]->private_key.Reveal()), HasSubstr("BEGIN PRIVATE KEY"));
  ASSERT_TRUE(config.admin_tls.has_value());
  EXPECT_EQ(config.admin_tls->certificate_chain, certificate_);
  EXPECT_EQ(config.admin_tls->client_ca, certificate_);
  EXPECT_EQ(config.settings.listeners().admin().tls().cert_file(), dir_.File("tls/server.crt"));
  ASSERT_THAT(config.seal_keys, SizeIs(2));
  EXPECT_EQ(config.seal_keys[0].id(), "630dcd29");
  // Paths begin at the file's folder.
  EXPECT_EQ(config.settings.storage().sqlite().path(), dir_.File("state/store.db"));
  EXPECT_EQ(config.settings.transport().ca_file(), dir_.File("tls/portals-ca.crt"));
}

TEST_F(LoadTest, TheCompleteExampleShowsEveryFieldOfTheContract) {
  std::ifstream file(IMBOT_COMPLETE_YAML);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const auto visit = [&](const auto& self, const google::protobuf::Descriptor& type) -> void {
    if (type.full_name() == "google.protobuf.Duration") return;
    for (int i = 0; i < type.field_count(); ++i) {
      EXPECT_THAT(text, HasSubstr(type.field(i)->name() + ":")) << type.full_name();
      if (type.field(i)->message_type() != nullptr) self(self, *type.field(i)->message_type());
    }
  };
  visit(visit, *Settings::descriptor());
}

TEST_F(LoadTest, TheCompleteExamplesLimitsAreTheDefaults) {
  Settings defaults;
  Settings written;
  PlaceMap places;
  std::vector<Mistake> mistakes;
  std::ifstream file(IMBOT_COMPLETE_YAML);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  ASSERT_TRUE(YamlToProto(text, {}, &written, &places, &mistakes));
  ApplyDefaults(&defaults);
  EXPECT_EQ(written.limits().DebugString(), defaults.limits().DebugString());
}

TEST_F(LoadTest, TakesSecretsFromTheEnvironment) {
  environment_["CODE"] = "xyz789\n";
  const LoadResult result = Load(Write("{env: CODE}"));
  ASSERT_NE(result.config, nullptr);
  EXPECT_EQ(result.config->webhook_codes.at("acme").Reveal(), "xyz789");
}

TEST_F(LoadTest, KeepsSecretsOutOfTheMessage) {
  const LoadResult result = Load(Write());
  ASSERT_NE(result.config, nullptr);
  EXPECT_THAT(result.config->settings.DebugString(), Not(HasSubstr("abc123")));
}

TEST_F(LoadTest, RefusesASecretInTheFileItselfWithoutRepeatingIt) {
  const std::string text = Mistakes(Write("hunter2"));
  EXPECT_EQ(text,
            "f:6:13: portals[0].webhook.code: a secret does not stand in the configuration; put it into a file and "
            "write {file: PATH}, or into an "
            "environment variable and write {env: NAME}");
}

TEST_F(LoadTest, RefusesSecretsThatAreNotThereWithoutRepeatingWhatWasWritten) {
  EXPECT_THAT(Mistakes(Write("{env: HUNTER2}")),
              AllOf(HasSubstr("f:6:14: portals[0].webhook.code.env:"), Not(HasSubstr("HUNTER2"))));
  environment_["EMPTY"] = "";
  EXPECT_THAT(Mistakes(Write("{env: EMPTY}")), HasSubstr("not set, or empty"));
  // The secret itself, written where its file's path belongs.
  EXPECT_THAT(Mistakes(Write("{file: hunter2}")), AllOf(HasSubstr("f:6:14: portals[0].webhook.code.file:"),
                                                        HasSubstr(dir_.path()), Not(HasSubstr("hunter2"))));
  dir_.Write("empty", "\n");
  EXPECT_THAT(Mistakes(Write("{file: empty}")), HasSubstr("write the secret into it"));
}

TEST_F(LoadTest, RefusesAWholeUrlWhereTheCodeBelongs) {
  dir_.Write("url", "https://acme.bitrix24.com/rest/1/hunter2/");
  EXPECT_THAT(Mistakes(Write("{file: url}")), AllOf(HasSubstr("not a webhook's code"), Not(HasSubstr("hunter2"))));
}

TEST_F(LoadTest, WarnsOfASecretThatEverybodyMayRead) {
  dir_.Write("open", "abc123", 0644);
  const LoadResult result = Load(Write("{file: open}"));
  ASSERT_NE(result.config, nullptr);
  ASSERT_THAT(result.config->warnings, SizeIs(1));
  EXPECT_THAT(result.config->warnings[0],
              AllOf(HasSubstr("gateway.yaml:6:14: portals[0].webhook.code.file"), HasSubstr("chmod 600")));
  dir_.Write("group", "abc123", 0640);
  EXPECT_THAT(Load(Write("{file: group}")).config->warnings, IsEmpty());
}

TEST_F(LoadTest, RefusesASealKeyThatOthersMayReadUnlessTheFlagSaysSo) {
  dir_.Write("open", kKey, 0640);
  EXPECT_THAT(Mistakes(Write("{file: code}", "", "seal_key_file: open")),
              AllOf(HasSubstr("storage.seal_key_file"), HasSubstr("allow_shared_seal_key_files: true")));
  EXPECT_EQ(Mistakes(Write("{file: code}", "", "seal_key_file: open, allow_shared_seal_key_files: true")), "");
}

TEST_F(LoadTest, RefusesKeysThatAreNoneOrStandTwice) {
  dir_.Write("bad", "hunter2");
  EXPECT_THAT(Mistakes(Write("{file: code}", "", "seal_key_file: bad")),
              AllOf(HasSubstr("openssl rand -base64 32"), Not(HasSubstr("hunter2"))));
  EXPECT_THAT(Mistakes(Write("{file: code}", "", "seal_key_file: key, old_seal_key_files: [key]")),
              HasSubstr("storage.old_seal_key_files[0]: the same key"));
}

TEST_F(LoadTest, RefusesADatabaseInAFolderThatIsMissing) {
  const std::string text =
      Mistakes(dir_.Write("gateway.yaml", "storage: {sqlite: {path: missing/store.db}, seal_key_file: key}\n"));
  EXPECT_THAT(text, HasSubstr("storage.sqlite.path: its folder does not exist"));
}

TEST_F(LoadTest, ReadsCertificatesAndKeys) {
  dir_.Write("crt", certificate_);
  dir_.Write("pem", server_.key_pem());
  EXPECT_EQ(MistakesOfTls("{cert_file: crt, key_file: pem}"), "");
  EXPECT_THAT(MistakesOfTls("{cert_file: missing, key_file: missing}"),
              AllOf(HasSubstr("tls.cert_file:"), HasSubstr("tls.key_file:")));
  // The two mixed up.
  EXPECT_THAT(MistakesOfTls("{cert_file: pem, key_file: crt}"),
              AllOf(HasSubstr("no certificate in PEM"), HasSubstr("no private key in PEM")));
}

TEST_F(LoadTest, RefusesCertificatesThatNoClientCouldBeServedWith) {
  dir_.Write("crt", certificate_);
  dir_.Write("pem", server_.key_pem());
  const transport::TestAuthority authority;
  dir_.Write("other.pem", authority.Issue({"localhost"}).key_pem());
  dir_.Write("locked.pem", server_.key_pem("password"));
  dir_.Write("weak.crt", authority.IssueWeak().certificate_pem());
  dir_.Write("cut.crt", certificate_.substr(0, certificate_.size() / 2));
  const char good[] = "{cert_file: crt, key_file: pem, client_ca_file: crt}";
  EXPECT_EQ(MistakesOfTls(good, good), "");
  EXPECT_THAT(MistakesOfTls("{cert_file: crt, key_file: other.pem}", good),
              HasSubstr("listeners.grpc[0].tls.key_file: the private key is not the certificate's"));
  EXPECT_THAT(MistakesOfTls(good, "{cert_file: crt, key_file: locked.pem}"),
              HasSubstr("listeners.admin.tls.key_file: the private key is none in PEM, or needs a password"));
  EXPECT_THAT(MistakesOfTls("{cert_file: weak.crt, key_file: pem}", good),
              HasSubstr("listeners.grpc[0].tls.cert_file: OpenSSL refuses the certificate: ee key too small"));
  EXPECT_THAT(MistakesOfTls(good, "{cert_file: crt, key_file: pem, client_ca_file: cut.crt}"),
              HasSubstr("listeners.admin.tls.client_ca_file: the file holds no certificate in PEM"));
  EXPECT_THAT(MistakesOfTls("{cert_file: cut.crt, key_file: pem}", good),
              AllOf(HasSubstr("listeners.grpc[0].tls.cert_file: the file holds no certificate in PEM"),
                    Not(HasSubstr("key_file"))));
  EXPECT_THAT(Mistakes(Write("{file: code}", "transport: {ca_file: cut.crt}\n")),
              HasSubstr("transport.ca_file: the file holds no certificate in PEM"));
}

TEST_F(LoadTest, RefusesAProxyThatIsNoUrl) {
  environment_["PROXY"] = "hunter2:3128";
  EXPECT_THAT(Mistakes(Write("{file: code}", "transport: {proxy: {env: PROXY}}\n")),
              AllOf(HasSubstr("transport.proxy"), Not(HasSubstr("hunter2"))));
}

TEST_F(LoadTest, ReportsMistakesOfAllKindsTogetherInTheOrderOfTheFile) {
  const LoadResult result = Load(dir_.Write("gateway.yaml",
                                            "portals:\n"
                                            "  - name: a/b\n"
                                            "    base_url: https://a.b\n"
                                            "    webhook: {user_id: x, code: {file: missing}}\n"
                                            "listener:\n"
                                            "  grpc: []\n"
                                            "storage: {sqlite: {path: s.db}, seal_key_file: key}\n"
                                            "limits: {max_deadline: 10}\n"));
  std::vector<std::string> lines;
  for (const Mistake& mistake : result.mistakes) lines.push_back(base::StrCat(mistake.place.line, " ", mistake.path));
  // A value that could not be read (user_id, max_deadline) is not also reported as missing.
  EXPECT_THAT(lines, ElementsAre("0 listeners.grpc", "2 portals[0].name", "4 portals[0].webhook.user_id",
                                 "4 portals[0].webhook.code.file", "5 listener", "8 limits.max_deadline"));
  EXPECT_EQ(result.config, nullptr);
}

TEST_F(LoadTest, SaysThatTheFileItselfCannotBeRead) {
  EXPECT_THAT(Mistakes(dir_.File("missing.yaml")), HasSubstr("can't be read"));
  EXPECT_THAT(Mistakes(dir_.path()), HasSubstr("can't be read"));
  EXPECT_THAT(Mistakes(dir_.Write("text.yaml", "just text")), HasSubstr("a single value stands here"));
}

TEST_F(LoadTest, LoadTellsEveryMistakeInItsStatus) {
  const std::string path = Write("hunter2", "default_portal: nobody\n");
  const auto loaded = config::Load(path);
  EXPECT_EQ(loaded.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(loaded.status().message()),
              AllOf(HasSubstr(path + ":6:13: portals[0].webhook.code: "), HasSubstr(path + ":10:1: default_portal: "),
                    Not(HasSubstr("hunter2"))));
  EXPECT_TRUE(config::Load(Write()).ok());
}

TEST_F(LoadTest, CheckReportSaysOkOrListsTheMistakes) {
  bool good = false;
  EXPECT_EQ(CheckReport(Write(), &good), "OK\n");
  EXPECT_TRUE(good);
  dir_.Write("open", "abc123", 0644);
  EXPECT_THAT(CheckReport(Write("{file: open}"), &good), AllOf(HasSubstr("warning: "), HasSubstr("\nOK\n")));
  EXPECT_TRUE(good);
  const std::string path = Write("{file: missing}");
  EXPECT_THAT(CheckReport(path, &good), AllOf(HasSubstr(path + ":6:14: "), Not(HasSubstr("OK"))));
  EXPECT_FALSE(good);
}

}  // namespace
}  // namespace imbot::config
