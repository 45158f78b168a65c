#include "service/config/validate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "service/base/strings.h"
#include "service/config/yaml_to_proto.h"

namespace imbot::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// The least that is right. Tests put text in front of, or behind, the marks.
constexpr char kHash[] = "37f0e91e0b2bd5ba08be92cd1f6a8e0b2e9f2cbf3d1f1a0e1d2c3b4a59687f01";
std::string Portal(std::string_view name, std::string_view url = "https://acme.bitrix24.com",
                   std::string_view more = "") {
  return base::StrCat("  - {name: ", name, ", base_url: \"", url, "\", webhook: {user_id: 1, code: {file: code}}", more,
                      "}\n");
}
struct Parts {
  std::string portals = Portal("acme");
  std::string listeners = "  grpc: [{address: 127.0.0.1:50051}]\n";
  std::string storage = "{sqlite: {path: store.db}, seal_key_file: key}";
  std::string rest;
};
std::string Yaml(const Parts& parts) {
  return base::StrCat("portals:\n", parts.portals, "listeners:\n", parts.listeners, "storage: ", parts.storage, "\n",
                      parts.rest);
}

Findings Check(const std::string& yaml) {
  Findings findings;
  Settings settings;
  EXPECT_TRUE(YamlToProto(yaml, {}, &settings, &findings.places, &findings.mistakes)) << yaml;
  ApplyDefaults(&settings);
  Validate(settings, &findings);
  return findings;
}
Findings Check(const Parts& parts) {
  return Check(Yaml(parts));
}
Findings CheckRest(std::string rest) {
  Parts parts;
  parts.rest = std::move(rest);
  return Check(parts);
}
Findings CheckPortals(std::string portals) {
  Parts parts;
  parts.portals = std::move(portals);
  return Check(parts);
}
Findings CheckListeners(std::string listeners, std::string rest = "") {
  Parts parts;
  parts.listeners = std::move(listeners);
  parts.rest = std::move(rest);
  return Check(parts);
}

std::vector<std::string> Paths(const std::vector<Mistake>& mistakes) {
  std::vector<std::string> paths;
  for (const Mistake& mistake : mistakes) paths.push_back(mistake.path);
  return paths;
}
std::string Text(const std::vector<Mistake>& mistakes) {
  return base::StrJoin(mistakes, "\n", [](const Mistake& mistake) { return mistake.ToString("f"); });
}

TEST(Validate, TakesTheLeastThatIsRight) {
  const Findings findings = Check(Parts());
  EXPECT_EQ(Text(findings.mistakes), "");
  EXPECT_EQ(Text(findings.warnings), "");
}

TEST(Validate, NamesEverythingThatIsMissing) {
  EXPECT_THAT(Paths(Check(std::string("log_level: info")).mistakes),
              ElementsAre("portals", "listeners.grpc", "storage.sqlite.path", "storage.seal_key_file"));
  EXPECT_THAT(Paths(CheckPortals("  - {}\n").mistakes),
              ElementsAre("portals[0].name", "portals[0].base_url", "portals[0].webhook"));
  EXPECT_THAT(Paths(CheckPortals("  - {name: a, base_url: 'https://x.y', webhook: {}}\n").mistakes),
              ElementsAre("portals[0].webhook.user_id", "portals[0].webhook.code"));
  EXPECT_THAT(Paths(CheckRest("bots: [{}]").mistakes),
              ElementsAre("bots[0].portal", "bots[0].name", "bots[0].bot_id", "bots[0].secret"));
  EXPECT_THAT(Paths(CheckRest("callers: [{}]").mistakes), ElementsAre("callers[0].name", "callers[0].token_sha256"));
}

TEST(Validate, SaysWhereAMistakeStands) {
  const Findings findings = CheckPortals(Portal("acme") + Portal("b/c", "https://b.bitrix24.com"));
  ASSERT_EQ(findings.mistakes.size(), 1u);
  EXPECT_EQ(findings.mistakes[0].place.line, 3);
  EXPECT_EQ(findings.mistakes[0].place.column, 6);
}

TEST(Validate, RefusesNamesThatCouldNotStandInABotsName) {
  for (const char* const name : {"a/b", "'a b'", "-a", ".a", "_a", "a:b", "\xc3\xa4", "a\xc3\xa4"}) {
    EXPECT_THAT(Paths(CheckPortals(Portal(name)).mistakes), ElementsAre("portals[0].name")) << name;
  }
  EXPECT_THAT(Paths(CheckPortals(Portal(std::string(64, 'a'))).mistakes), ElementsAre("portals[0].name"));
  for (const std::string& name : {std::string("a"), std::string("7"), std::string("A.b_c-9"), std::string(63, 'a')}) {
    EXPECT_THAT(CheckPortals(Portal(name)).mistakes, IsEmpty()) << name;
  }
}

TEST(Validate, RefusesTwoPortalsOfOneName) {
  const Findings names = CheckPortals(Portal("acme") + Portal("acme", "https://b.bitrix24.com"));
  EXPECT_EQ(Text(names.mistakes), "f:3:6: portals[1].name: the same name as portals[0]; each needs its own");
}

TEST(Validate, WantsOneLimitForTwoNamesOfOnePortal) {
  const auto check = [](std::string_view first, std::string_view second) {
    return CheckPortals(Portal("acme", "https://acme.bitrix24.com", first) +
                        Portal("b", "https://ACME.bitrix24.com/", second));
  };
  EXPECT_EQ(Text(check("", "").mistakes), "");
  EXPECT_EQ(Text(check("", ", plan: standard").mistakes), "") << "the default";
  EXPECT_EQ(Text(check(", plan: enterprise", ", plan: enterprise").mistakes), "");
  EXPECT_THAT(Paths(check(", plan: enterprise", "").mistakes), ElementsAre("portals[1].plan"));
  EXPECT_EQ(Text(check(", plan: enterprise", ", egress_group: nat-2").mistakes), "") << "counted by itself";
  EXPECT_THAT(Paths(check("", ", rate_limit: {burst: 10, per_second: 1}").mistakes),
              ElementsAre("portals[1].rate_limit"));
}

TEST(Validate, RefusesALimitThatIsNone) {
  const auto check = [](std::string_view rest) {
    return Paths(CheckPortals(Portal("acme", "https://acme.bitrix24.com", rest)).mistakes);
  };
  EXPECT_THAT(check(", rate_limit: {burst: 1, per_second: 0.01}"), IsEmpty());
  EXPECT_THAT(check(", rate_limit: {burst: 100000, per_second: 100000}"), IsEmpty());
  EXPECT_THAT(check(", rate_limit: {burst: 0.9, per_second: 2}"), ElementsAre("portals[0].rate_limit.burst"));
  EXPECT_THAT(check(", rate_limit: {burst: 50, per_second: 0}"), ElementsAre("portals[0].rate_limit.per_second"));
  EXPECT_THAT(check(", rate_limit: {burst: 100001, per_second: 100001}"),
              ElementsAre("portals[0].rate_limit.burst", "portals[0].rate_limit.per_second"));
  EXPECT_THAT(check(", egress_group: 'a b'"), ElementsAre("portals[0].egress_group"));
  EXPECT_THAT(check(", operating_limit: 0s"), IsEmpty());
  EXPECT_THAT(check(", operating_limit: 10m"), IsEmpty());
  EXPECT_THAT(check(", operating_limit: 601s"), ElementsAre("portals[0].operating_limit"));
}

TEST(Validate, TakesAddressesOfPortals) {
  for (const char* const url :
       {"https://acme.bitrix24.com", "https://acme.bitrix24.com/", "https://portal.example.com:8443/bitrix/",
        "https://10.0.0.5", "https://[2001:db8::1]:8443", "https://localhost:1", "https://xn--80ak6aa92e.com"}) {
    EXPECT_EQ(Text(CheckPortals(Portal("acme", url)).mistakes), "") << url;
  }
  EXPECT_EQ(Text(CheckPortals(Portal("acme", "http://10.0.0.5:8080", ", allow_plain_http: true")).mistakes), "");
}

TEST(Validate, RefusesWhatIsNoAddressOfAPortal) {
  for (const char* const url :
       {"acme.bitrix24.com", "ftp://acme.bitrix24.com", "https://", "https:///x", "https://a b", "https://a_.b-",
        "https://-a.b", "https://acme.bitrix24.com?x=1", "https://acme.bitrix24.com/#x",
        "https://user:pw@acme.bitrix24.com", "https://a..b", "https://acme.bitrix24.com:0",
        "https://acme.bitrix24.com:65536", "https://acme.bitrix24.com:x", "https://[::1",
        "https://acme.bitrix24.com/%2e", "https://acme.bitrix24.com/a b", "HTTPS://acme.bitrix24.com"}) {
    EXPECT_THAT(Paths(CheckPortals(Portal("acme", url)).mistakes), ElementsAre("portals[0].base_url")) << url;
  }
}

TEST(Validate, RecognisesAWholeWebhookUrlAndDoesNotRepeatIt) {
  const std::string text = Text(CheckPortals(Portal("acme", "https://acme.bitrix24.com/rest/1/hunter2/")).mistakes);
  EXPECT_THAT(text, HasSubstr("a whole webhook URL"));
  EXPECT_THAT(text, HasSubstr("webhook.code"));
  EXPECT_THAT(text, Not(HasSubstr("hunter2")));
}

TEST(Validate, NamesTheFlagThatPlainHttpNeeds) {
  EXPECT_THAT(Text(CheckPortals(Portal("acme", "http://acme.bitrix24.com")).mistakes),
              HasSubstr("allow_plain_http: true"));
}

TEST(Validate, ChecksReferencesToSecrets) {
  const auto portal = [](std::string_view code) {
    return base::StrCat("  - {name: a, base_url: 'https://x.y', webhook: {user_id: 1, code: ", code, "}}\n");
  };
  EXPECT_THAT(CheckPortals(portal("{env: GOOD_1}")).mistakes, IsEmpty());
  EXPECT_EQ(Text(CheckPortals(portal("{}")).mistakes),
            "f:2:62: portals[0].webhook.code: empty: the code of the webhook; write {file: PATH} or {env: NAME}");
  EXPECT_THAT(Paths(CheckPortals(portal("{file: ''}")).mistakes), ElementsAre("portals[0].webhook.code.file"));
  for (const char* const name : {"''", "$NAME", "${NAME}", "1NAME", "A-B", "A B"}) {
    EXPECT_THAT(Paths(CheckPortals(portal(base::StrCat("{env: \"", base::Trim(name), "\"}"))).mistakes),
                ElementsAre("portals[0].webhook.code.env"))
        << name;
  }
}

// What stands where a name belongs, and is none, may be a secret in the wrong place.
TEST(Validate, SuggestsNoPortalWhoseNameIsNone) {
  Parts parts;
  parts.portals = Portal("S3cret!Value");
  parts.rest = "default_portal: S3cret!Valu";
  const std::string text = Text(Check(parts).mistakes);
  EXPECT_THAT(text, HasSubstr("default_portal: no portal of this name is in `portals`; write one that is"));
  EXPECT_THAT(text, Not(HasSubstr("S3cret!Valu")));
}

TEST(Validate, WantsTheDefaultPortalToExist) {
  EXPECT_THAT(CheckRest("default_portal: acme").mistakes, IsEmpty());
  EXPECT_EQ(Text(CheckRest("default_portal: acmee").mistakes),
            "f:6:1: default_portal: no portal of this name is in `portals`; did you mean `acme`?");
  EXPECT_THAT(Text(CheckRest("default_portal: other").mistakes), HasSubstr("write one that is"));
}

TEST(Validate, ChecksBots) {
  const auto bots = [](std::string_view items) { return CheckRest(base::StrCat("bots:\n", items)); };
  const std::string good = "  - {portal: acme, name: support, bot_id: 1, secret: {env: S}}\n";
  EXPECT_THAT(bots(good).mistakes, IsEmpty());
  EXPECT_THAT(Paths(bots(good + good).mistakes), ElementsAre("bots[1].name", "bots[1].bot_id"));
  EXPECT_THAT(Paths(bots("  - {portal: acm, name: support, bot_id: 1, secret: {env: S}}\n").mistakes),
              ElementsAre("bots[0].portal"));
  EXPECT_THAT(Paths(bots("  - {portal: acme, name: support, bot_id: -1, secret: {env: S}}\n").mistakes),
              ElementsAre("bots[0].bot_id"));
  for (const std::string& name :
       {std::string("a/b"), std::string("'a b'"), std::string("\"a\\nb\""), std::string(101, 'a')}) {
    EXPECT_THAT(
        Paths(bots(base::StrCat("  - {portal: acme, name: ", name, ", bot_id: 1, secret: {env: S}}\n")).mistakes),
        ElementsAre("bots[0].name"))
        << name;
  }
}

TEST(Validate, ChecksCallers) {
  const auto callers = [](std::string_view items) { return CheckRest(base::StrCat("callers:\n", items)); };
  const auto caller = [](std::string_view name, std::string_view hash) {
    return base::StrCat("  - {name: ", name, ", token_sha256: \"", hash, "\"}\n");
  };
  std::string other = kHash;
  other[0] = 'a';
  EXPECT_THAT(callers(caller("crm", kHash) + caller("ops", other)).mistakes, IsEmpty());
  EXPECT_THAT(Paths(callers(caller("crm", kHash) + caller("crm", other)).mistakes), ElementsAre("callers[1].name"));
  // The same token, written in the other case: the caller could not be told.
  std::string upper = kHash;
  for (char& c : upper) c = static_cast<char>(c >= 'a' && c <= 'f' ? c - 'a' + 'A' : c);
  EXPECT_THAT(Paths(callers(caller("crm", kHash) + caller("ops", upper)).mistakes),
              ElementsAre("callers[1].token_sha256"));
  EXPECT_THAT(Paths(callers(caller("anonymous", kHash)).mistakes), ElementsAre("callers[0].name"));
  EXPECT_THAT(Paths(callers(caller("a b", kHash)).mistakes), ElementsAre("callers[0].name"));
  const std::string token = Text(callers(caller("crm", "hunter2")).mistakes);
  EXPECT_THAT(token, HasSubstr("sha256sum"));
  EXPECT_THAT(token, Not(HasSubstr("hunter2")));
  EXPECT_THAT(Text(callers(caller("crm", "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855")).mistakes),
              HasSubstr("empty text"));
}

TEST(Validate, RefusesAnonymousRawBesideCallers) {
  EXPECT_THAT(CheckRest("anonymous_raw_allowed: true").mistakes, IsEmpty());
  EXPECT_THAT(
      Paths(CheckRest(base::StrCat("anonymous_raw_allowed: true\ncallers: [{name: crm, token_sha256: ", kHash, "}]"))
                .mistakes),
      ElementsAre("anonymous_raw_allowed"));
}

TEST(Validate, RefusesToServeOtherMachinesWithoutAskingWhoTheyAre) {
  const std::string callers = base::StrCat("callers: [{name: crm, token_sha256: ", kHash, "}]\n");
  const std::string tls = ", tls: {cert_file: c, key_file: k}";
  const std::string mutual = ", tls: {cert_file: c, key_file: k, client_ca_file: a}";
  for (const char* const address : {"0.0.0.0:50051", "10.1.2.3:50051", "\"[::]:50051\"", "0.0.0.0:0"}) {
    const auto listener = [&](std::string_view more) {
      return base::StrCat("  grpc: [{address: ", address, more, "}]\n");
    };
    const Findings open = CheckListeners(listener(""));
    EXPECT_THAT(Paths(open.mistakes), ElementsAre("listeners.grpc[0].address")) << address;
    EXPECT_THAT(Text(open.mistakes), HasSubstr("allow_unauthenticated_listener: true")) << address;
    EXPECT_THAT(Paths(CheckListeners(listener(tls)).mistakes), ElementsAre("listeners.grpc[0].address")) << address;
    EXPECT_THAT(CheckListeners(listener("") + "  allow_unauthenticated_listener: true\n").mistakes, IsEmpty())
        << address;
    EXPECT_THAT(CheckListeners(listener(mutual)).mistakes, IsEmpty()) << address;
    EXPECT_THAT(CheckListeners(listener(tls), callers).mistakes, IsEmpty()) << address;
    EXPECT_THAT(Paths(CheckListeners(listener(""), callers).warnings), ElementsAre("listeners.grpc[0]")) << address;
  }
  for (const char* const address : {"127.0.0.1:50051", "localhost:50051", "\"[::1]:50051\""}) {
    const Findings findings = CheckListeners(base::StrCat("  grpc: [{address: ", address, "}]\n"), callers);
    EXPECT_EQ(Text(findings.mistakes) + Text(findings.warnings), "") << address;
  }
}

TEST(Validate, ChecksAddressesToListenOn) {
  EXPECT_THAT(Paths(CheckListeners("  grpc: [{address: 'example.com:80'}]\n  http: {address: '9090'}\n").mistakes),
              ElementsAre("listeners.grpc[0].address", "listeners.http.address"));
  EXPECT_THAT(Paths(CheckListeners("  grpc: [{address: '127.0.0.1:5'}]\n  http: {address: 'localhost:5'}\n").mistakes),
              ElementsAre("listeners.http.address"));
  EXPECT_THAT(
      CheckListeners("  grpc: [{address: '127.0.0.1:0'}, {address: '127.0.0.1:0'}]\n  http: {address: '0.0.0.0:0'}\n")
          .mistakes,
      IsEmpty());
  EXPECT_THAT(Paths(CheckListeners("  grpc: [{address: '127.0.0.1:5', tls: {}}]\n").mistakes),
              ElementsAre("listeners.grpc[0].tls.cert_file", "listeners.grpc[0].tls.key_file"));
}

TEST(Validate, WantsClientCertificatesWhereOthersReachTheOperatorsListener) {
  const auto admin = [](std::string_view value, std::string rest = "") {
    return CheckListeners(base::StrCat("  grpc: [{address: '127.0.0.1:0'}]\n  admin: ", value, "\n"), std::move(rest));
  };
  constexpr std::string_view kTls = "tls: {cert_file: c, key_file: k";
  for (const char* const address : {"0.0.0.0:5", "'[::]:5'", "10.0.0.7:5"}) {
    const std::string open = base::StrCat("{address: ", address, "}");
    EXPECT_THAT(Paths(admin(open).mistakes), ElementsAre("listeners.admin.address")) << address;
    EXPECT_THAT(Paths(admin(base::StrCat("{address: ", address, ", ", kTls, "}}")).mistakes),
                ElementsAre("listeners.admin.address"))
        << address;
    // What lets callers in does not let anybody in here: it asks for no token.
    const std::string callers = base::StrCat("callers: [{name: crm, token_sha256: ", kHash, "}]\n");
    EXPECT_THAT(Paths(admin(open, callers).mistakes), ElementsAre("listeners.admin.address")) << address;
    const Findings flag = CheckListeners(base::StrCat(
        "  grpc: [{address: '127.0.0.1:0'}]\n  allow_unauthenticated_listener: true\n  admin: ", open, "\n"));
    EXPECT_THAT(Paths(flag.mistakes), ElementsAre("listeners.admin.address")) << address;
    EXPECT_THAT(admin(base::StrCat("{address: ", address, ", ", kTls, ", client_ca_file: a}}")).mistakes, IsEmpty());
  }
  for (const char* const address : {"127.0.0.1:5", "'[::1]:5'", "localhost:5"})
    EXPECT_THAT(admin(base::StrCat("{address: ", address, "}")).mistakes, IsEmpty()) << address;
  EXPECT_THAT(Paths(admin("{address: '127.0.0.1:5', tls: {}}").mistakes),
              ElementsAre("listeners.admin.tls.cert_file", "listeners.admin.tls.key_file"));
}

TEST(Validate, GivesTheOperatorsListenerAnAddressOfThisMachine) {
  Settings settings;
  settings.mutable_listeners()->mutable_admin();
  ApplyDefaults(&settings);
  EXPECT_EQ(settings.listeners().admin().address(), "127.0.0.1:50052");
  Settings none;
  ApplyDefaults(&none);
  EXPECT_FALSE(none.listeners().has_admin()) << "no listener that nobody asked for";
}

TEST(Validate, ChecksTheRangesOfLimits) {
  for (const char* const limit :
       {"in_flight_per_portal: 0", "in_flight_per_portal: 1001", "max_attempts: 0", "max_attempts: 1001",
        "breaker_failures: 100001", "queued_calls_per_portal: 0", "queued_bytes_per_portal: 1023",
        "max_request_bytes: 1023", "max_request_bytes: 1073741825", "max_reply_bytes: 0", "default_deadline: 0s",
        "max_deadline: 25h", "max_transfer_time: 0s", "connect_timeout: 0.5ms", "portal_reply_timeout: 0s",
        "shutdown_grace: 25h", "batch_linger: 101ms", "batch_linger: 1.5ms"}) {
    const Findings findings = CheckRest(base::StrCat("limits: {", limit, "}"));
    EXPECT_THAT(findings.mistakes, ::testing::Contains(::testing::Field(
                                       &Mistake::path, base::StrCat("limits.", base::StrSplit(limit, ':')[0]))))
        << limit;
  }
  for (const char* const limit :
       {"in_flight_per_portal: 1", "in_flight_per_portal: 1000", "max_attempts: 1", "breaker_failures: 0",
        "max_request_bytes: 1024", "max_reply_bytes: 1073741824", "connect_timeout: 1ms", "max_deadline: 24h",
        "shutdown_grace: 0s", "batch_linger: 0s", "batch_linger: 100ms"}) {
    EXPECT_EQ(Text(CheckRest(base::StrCat("limits: {", limit, "}")).mistakes), "") << limit;
  }
}

TEST(Validate, ChecksLimitsAgainstEachOther) {
  EXPECT_THAT(Paths(CheckRest("limits: {default_deadline: 121s}").mistakes), ElementsAre("limits.default_deadline"));
  EXPECT_THAT(CheckRest("limits: {default_deadline: 121s, max_deadline: 121s}").mistakes, IsEmpty());
  EXPECT_THAT(Paths(CheckRest("limits: {shutdown_drain_delay: 31s}").mistakes),
              ElementsAre("limits.shutdown_drain_delay"));
  EXPECT_THAT(Paths(CheckRest("limits: {portal_reply_timeout: 59s}").warnings),
              ElementsAre("limits.portal_reply_timeout"));
}

TEST(Validate, ChecksTransport) {
  EXPECT_THAT(Paths(CheckRest("transport: {loop_threads: 0, proxy: {}}").mistakes),
              ElementsAre("transport.loop_threads", "transport.proxy"));
  EXPECT_THAT(Paths(CheckRest("transport: {loop_threads: 65}").mistakes), ElementsAre("transport.loop_threads"));
  EXPECT_THAT(CheckRest("transport: {loop_threads: 64, proxy: {env: P}}").mistakes, IsEmpty());
}

TEST(Validate, ChecksNameServers) {
  EXPECT_THAT(CheckRest("transport: {name_servers: ['10.0.0.53:53', '[fd00::53]:5353', 'localhost:53']}").mistakes,
              IsEmpty());
  for (const char* const server :
       {"10.0.0.53", "10.0.0.53:0", "ns.example.com:53", "fd00::53", "udp://10.0.0.53:53", ""}) {
    EXPECT_THAT(Paths(CheckRest(base::StrCat("transport: {name_servers: ['", server, "']}")).mistakes),
                ElementsAre("transport.name_servers[0]"))
        << server;
  }
  EXPECT_THAT(Paths(CheckRest("transport: {name_servers: ['127.0.0.1:53', 'localhost:53']}").mistakes),
              ElementsAre("transport.name_servers[1]"));
}

TEST(Validate, ChecksHandlerHosts) {
  EXPECT_THAT(CheckRest("handler_hosts: [bots.example.com, 10.0.0.1, localhost]").mistakes, IsEmpty());
  for (const char* const host : {"https://bots.example.com", "bots.example.com/x", "bots.example.com:443",
                                 "*.example.com", "", "a b", "user@host"}) {
    EXPECT_THAT(Paths(CheckRest(base::StrCat("handler_hosts: ['", host, "']")).mistakes),
                ElementsAre("handler_hosts[0]"))
        << host;
  }
  EXPECT_THAT(Paths(CheckRest("handler_hosts: [a.example.com, A.example.com]").mistakes),
              ElementsAre("handler_hosts[1]"));
}

TEST(Validate, ChecksStorage) {
  Parts parts;
  parts.storage = "{sqlite: {path: a}, seal_key_file: b, old_seal_key_files: [c, '']}";
  EXPECT_THAT(Paths(Check(parts).mistakes), ElementsAre("storage.old_seal_key_files[1]"));
}

TEST(ApplyDefaults, FillsInWhatTheCommentsOfTheContractSay) {
  Settings settings;
  ApplyDefaults(&settings);
  EXPECT_EQ(settings.log_level(), gateway::v1::LOG_LEVEL_INFO);
  const auto& limits = settings.limits();
  EXPECT_EQ(limits.default_deadline().seconds(), 30);
  EXPECT_EQ(limits.max_deadline().seconds(), 120);
  EXPECT_EQ(limits.max_transfer_time().seconds(), 600);
  EXPECT_EQ(limits.in_flight_per_portal(), 16u);
  EXPECT_EQ(limits.queued_calls_per_portal(), 10'000u);
  EXPECT_EQ(limits.max_attempts(), 1'000u);
  EXPECT_EQ(limits.breaker_failures(), 10u);
  EXPECT_EQ(limits.batch_linger().nanos(), 1'000'000);
  EXPECT_EQ(limits.queued_bytes_per_portal(), 67'108'864u);
  EXPECT_EQ(limits.max_request_bytes(), 8'388'608u);
  EXPECT_EQ(limits.max_reply_bytes(), 33'554'432u);
  EXPECT_EQ(limits.connect_timeout().seconds(), 10);
  EXPECT_EQ(limits.portal_reply_timeout().seconds(), 65);
  EXPECT_EQ(limits.shutdown_grace().seconds(), 30);
  EXPECT_EQ(limits.shutdown_drain_delay().seconds(), 0);
  EXPECT_TRUE(settings.transport().http2());
  EXPECT_GE(settings.transport().loop_threads(), 1u);
  EXPECT_LE(settings.transport().loop_threads(), 4u);
}

TEST(ApplyDefaults, LeavesWhatIsWritten) {
  Settings settings;
  settings.mutable_transport()->set_http2(false);
  settings.mutable_limits()->mutable_shutdown_grace();  // 0s
  settings.set_log_level(gateway::v1::LOG_LEVEL_ERROR);
  ApplyDefaults(&settings);
  EXPECT_FALSE(settings.transport().http2());
  EXPECT_EQ(settings.limits().shutdown_grace().seconds(), 0);
  EXPECT_EQ(settings.log_level(), gateway::v1::LOG_LEVEL_ERROR);
}

}  // namespace
}  // namespace imbot::config
