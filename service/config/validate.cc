#include "service/config/validate.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <thread>

#include "google/protobuf/duration.pb.h"
#include "service/base/host_port.h"
#include "service/base/strings.h"

namespace imbot::config {
namespace {

using base::StrCat;
using google::protobuf::Duration;

constexpr std::string_view kHexDigits = "0123456789abcdefABCDEF";
// SHA-256 of nothing: what a hash tool prints for a token that was not there.
constexpr std::string_view kHashOfNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

std::string Item(std::string_view list, int index) {
  return StrCat(list, "[", index, "]");
}

// Of a portal or a caller: travels in metadata, labels and file names.
bool IsName(std::string_view name) {
  return !name.empty() && name.size() <= 63 && base::IsAlnum(name[0]) &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return base::IsAlnum(c) || c == '.' || c == '_' || c == '-'; });
}
constexpr char kNameWanted[] = "write 1 to 63 letters, digits, `.`, `_` or `-`, the first a letter or digit";

bool IsHostName(std::string_view host) {
  if (host.empty() || host.size() > 253) return false;
  for (const std::string_view label : base::StrSplit(host, '.')) {
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
    if (!std::all_of(label.begin(), label.end(), [](char c) { return base::IsAlnum(c) || c == '-' || c == '_'; }))
      return false;
  }
  return true;
}

// What is wrong with a portal's address, or nothing. `authority` gets host and port in lower case.
std::string BaseUrlMistake(std::string_view url, bool allow_plain_http, std::string* authority) {
  constexpr std::string_view kExample = "write for example https://acme.bitrix24.com";
  if (url.empty()) return StrCat("missing; ", kExample);
  const bool plain = url.starts_with("http://");
  if (!plain && !url.starts_with("https://")) return StrCat("does not begin with https://; ", kExample);
  std::string_view rest = url.substr(url.find("//") + 2);
  const size_t path_at = std::min(rest.find('/'), rest.size());
  const std::string_view path = rest.substr(path_at);
  std::string_view host = rest.substr(0, path_at);
  *authority = base::ToLower(host);
  if (rest.find('@') != rest.npos) return StrCat("holds a user or password; ", kExample);
  if (rest.find_first_of("?#") != rest.npos) return StrCat("has a query or fragment; ", kExample);
  if (path.starts_with("/rest/") || path.find("/rest/") != path.npos) {
    return StrCat("is a whole webhook URL, whose code is a secret; ", kExample,
                  ", and put the code where `webhook.code` points to");
  }
  const bool good_path = std::all_of(path.begin(), path.end(), [](char c) {
    return base::IsAlnum(c) || std::string_view("/-._~").find(c) != std::string_view::npos;
  });
  if (!good_path) return StrCat("its path has characters that need no escaping nowhere; ", kExample);

  const size_t colon = host.rfind(':');
  if (colon != host.npos && !host.ends_with(']')) {
    uint16_t port = 0;
    const std::string_view digits = host.substr(colon + 1);
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (parsed.ec != std::errc() || parsed.ptr != digits.data() + digits.size() || port == 0) {
      return "its port is not a number from 1 to 65535";
    }
    host = host.substr(0, colon);
  }
  const bool is_address = base::ParseHostPort(StrCat(host, ":1")).has_value();
  if (!is_address && !IsHostName(host)) return StrCat("its host is no host name; ", kExample);
  if (plain && !allow_plain_http) {
    return "is http://, which shows the webhook's code to the network; write https://, or set allow_plain_http: true "
           "on this portal";
  }
  return "";
}

class Validator {
 public:
  Validator(const Settings& settings, Findings* findings) : settings_(settings), findings_(*findings) {}

  void Run() {
    CheckPortals();
    CheckBots();
    CheckCallers();
    CheckListeners();
    CheckLimits();
    CheckTransport();
    CheckHandlerHosts();
    CheckStorage();
  }

 private:
  void Report(std::string path, std::string text) { findings_.Report(std::move(path), std::move(text)); }

  // Reports a second use of one value; `what` says of what.
  template <typename Value>
  void CheckUnique(std::map<Value, std::string>* seen, const Value& value, const std::string& owner,
                   const std::string& path, std::string_view what) {
    const auto [first, added] = seen->emplace(value, owner);
    if (!added) Report(path, StrCat("the same ", what, " as ", first->second, "; each needs its own"));
  }

  void CheckSecretRef(bool present, const gateway::v1::SecretRef& ref, const std::string& path, std::string_view what) {
    switch (ref.source_case()) {
      case gateway::v1::SecretRef::kFile:
        if (ref.file().empty()) Report(path + ".file", "empty; write the path of the file that holds the secret");
        return;
      case gateway::v1::SecretRef::kEnv: {
        const std::string& name = ref.env();
        const bool good = !name.empty() && !(name[0] >= '0' && name[0] <= '9') &&
                          std::all_of(name.begin(), name.end(), [](char c) { return base::IsAlnum(c) || c == '_'; });
        if (!good)
          Report(path + ".env", "not the name of an environment variable; write letters, digits and `_`, without `$`");
        return;
      }
      case gateway::v1::SecretRef::SOURCE_NOT_SET:
        break;
    }
    Report(path, StrCat(present ? "empty" : "missing", ": ", what, "; write {file: PATH} or {env: NAME}"));
  }

  void CheckPortals() {
    if (settings_.portals().empty())
      Report("portals", "missing; write at least one portal with name, base_url and webhook");
    std::map<std::string, std::string> names;
    std::map<std::pair<std::string, std::string>, int> shared;  // by host and egress group: the first portal
    for (int i = 0; i < settings_.portals_size(); ++i) {
      const auto& portal = settings_.portals(i);
      const std::string path = Item("portals", i);
      portal_names_.insert(portal.name());
      if (!IsName(portal.name())) {
        Report(path + ".name", StrCat(portal.name().empty() ? "missing" : "not a name", "; ", kNameWanted));
      } else {
        CheckUnique(&names, portal.name(), path, path + ".name", "name");
      }
      std::string authority;
      if (std::string mistake = BaseUrlMistake(portal.base_url(), portal.allow_plain_http(), &authority);
          !mistake.empty()) {
        Report(path + ".base_url", std::move(mistake));
      } else if (const auto [first, added] = shared.emplace(std::pair(authority, portal.egress_group()), i); !added) {
        CheckSharedLimit(path, portal, first->second);
      }
      CheckRateLimit(path, portal);
      if (!portal.has_webhook()) {
        Report(path + ".webhook", "missing; write user_id and code of an inbound webhook");
        continue;
      }
      if (portal.webhook().user_id() <= 0) {
        Report(path + ".webhook.user_id",
               "missing or not positive; write the number that stands after /rest/ in the webhook's URL");
      }
      CheckSecretRef(portal.webhook().has_code(), portal.webhook().code(), path + ".webhook.code",
                     "the code of the webhook");
    }
    if (!settings_.default_portal().empty()) CheckPortalExists("default_portal", settings_.default_portal());
  }

  void CheckRateLimit(const std::string& path, const gateway::v1::Portal& portal) {
    if (portal.has_operating_limit() &&
        (Seconds(portal.operating_limit()) < 0 || Seconds(portal.operating_limit()) > 600)) {
      Report(path + ".operating_limit", "out of range; write a duration from 0s to 10m");
    }
    if (!portal.egress_group().empty() && !IsName(portal.egress_group())) {
      Report(path + ".egress_group", StrCat("not a name; ", kNameWanted));
    }
    if (!portal.has_rate_limit()) return;
    const auto check = [&](std::string_view field, double value, double least) {
      if (value >= least && value <= 100'000) return;
      Report(StrCat(path, ".rate_limit.", field), StrCat("out of range; write a number from ", least, " to 100000"));
    };
    check("burst", portal.rate_limit().burst(), 1);
    check("per_second", portal.rate_limit().per_second(), 0.01);
  }

  // Two names of one portal count into one limit, so it must be the same.
  void CheckSharedLimit(const std::string& path, const gateway::v1::Portal& portal, int first) {
    const auto& other = settings_.portals(first);
    const auto plan = [](const gateway::v1::Portal& of) {
      return of.plan() == gateway::v1::PORTAL_PLAN_UNSPECIFIED ? gateway::v1::PORTAL_PLAN_STANDARD : of.plan();
    };
    const bool same = plan(portal) == plan(other) && portal.has_rate_limit() == other.has_rate_limit() &&
                      portal.rate_limit().burst() == other.rate_limit().burst() &&
                      portal.rate_limit().per_second() == other.rate_limit().per_second();
    if (same) return;
    Report(StrCat(path, portal.has_rate_limit() ? ".rate_limit" : ".plan"),
           StrCat("not the limit of ", Item("portals", first),
                  ", which is the same portal; write the same for both, or another egress_group"));
  }

  void CheckPortalExists(const std::string& path, const std::string& name) {
    if (portal_names_.contains(name)) return;
    std::vector<std::string_view> known;
    for (const std::string& portal : portal_names_) {
      // What is no name may be a secret in the wrong place, and is not repeated.
      if (IsName(portal)) known.push_back(portal);
    }
    const std::string_view nearest = Nearest(name, known);
    Report(path, nearest.empty() ? "no portal of this name is in `portals`; write one that is"
                                 : StrCat("no portal of this name is in `portals`; did you mean `", nearest, "`?"));
  }

  void CheckBots() {
    std::map<std::pair<std::string, std::string>, std::string> names;
    std::map<std::pair<std::string, int64_t>, std::string> ids;
    for (int i = 0; i < settings_.bots_size(); ++i) {
      const auto& bot = settings_.bots(i);
      const std::string path = Item("bots", i);
      if (bot.portal().empty()) {
        Report(path + ".portal", "missing; write the name of the bot's portal");
      } else {
        CheckPortalExists(path + ".portal", bot.portal());
      }
      const bool good_name = !bot.name().empty() && bot.name().size() <= 100 &&
                             std::all_of(bot.name().begin(), bot.name().end(), [](char c) {
                               return c != '/' && c != 0x7f && static_cast<unsigned char>(c) > ' ';
                             });
      if (!good_name) {
        Report(path + ".name", StrCat(bot.name().empty() ? "missing" : "not a bot's name",
                                      "; write up to 100 characters without `/` and spaces, best the bot's code"));
      } else {
        CheckUnique(&names, {bot.portal(), bot.name()}, path, path + ".name", "name in one portal");
      }
      if (bot.bot_id() <= 0) {
        Report(path + ".bot_id", "missing or not positive; write the bot's id in the portal");
      } else {
        CheckUnique(&ids, {bot.portal(), bot.bot_id()}, path, path + ".bot_id", "id in one portal");
      }
      CheckSecretRef(bot.has_secret(), bot.secret(), path + ".secret", "the bot's botToken or CLIENT_ID");
    }
  }

  void CheckCallers() {
    std::map<std::string, std::string> names, hashes;
    for (int i = 0; i < settings_.callers_size(); ++i) {
      const auto& caller = settings_.callers(i);
      const std::string path = Item("callers", i);
      if (!IsName(caller.name())) {
        Report(path + ".name", StrCat(caller.name().empty() ? "missing" : "not a name", "; ", kNameWanted));
      } else if (caller.name() == "anonymous") {
        Report(path + ".name", "`anonymous` is whoever has no token; write another name");
      } else {
        CheckUnique(&names, caller.name(), path, path + ".name", "name");
      }
      const std::string hash = base::ToLower(caller.token_sha256());
      if (hash.size() != 64 || hash.find_first_not_of(kHexDigits) != hash.npos) {
        Report(
            path + ".token_sha256",
            StrCat(hash.empty() ? "missing" : "not a SHA-256",
                   "; write 64 hex digits, as `printf %s \"$TOKEN\" | sha256sum` prints them; not the token itself"));
      } else if (hash == kHashOfNothing) {
        Report(path + ".token_sha256", "the hash of an empty text; hash the token");
      } else {
        CheckUnique(&hashes, hash, path, path + ".token_sha256", "token");
      }
    }
    if (settings_.anonymous_raw_allowed() && !settings_.callers().empty()) {
      Report("anonymous_raw_allowed",
             "there are `callers`, so nobody is anonymous; set raw_allowed on a caller instead");
    }
  }

  void CheckListeners() {
    const auto& listeners = settings_.listeners();
    if (listeners.grpc().empty())
      Report("listeners.grpc", "missing; write at least one item such as address: 127.0.0.1:50051");
    std::map<std::string, std::string> addresses;
    for (int i = 0; i < listeners.grpc_size(); ++i) {
      const auto& listener = listeners.grpc(i);
      const std::string path = Item("listeners.grpc", i);
      const auto address = CheckAddress(listener.address(), path, &addresses);
      if (listener.has_tls()) CheckTls(listener.tls(), path + ".tls");
      if (!address.has_value() || address->IsLoopback()) continue;
      const bool asks_for_certificates = !listener.tls().client_ca_file().empty();
      if (settings_.callers().empty() && !asks_for_certificates && !listeners.allow_unauthenticated_listener()) {
        Report(path + ".address",
               "other machines reach this address, and nobody would be asked who they are; write `callers`, or "
               "tls.client_ca_file, or an "
               "address such as 127.0.0.1:50051, or set listeners.allow_unauthenticated_listener: true");
      }
      if (!settings_.callers().empty() && !listener.has_tls()) {
        findings_.Warn(path, "callers' tokens travel here in plain text; write tls, unless the network encrypts");
      }
    }
    if (listeners.has_http()) CheckAddress(listeners.http().address(), "listeners.http", &addresses);
    if (!listeners.has_admin()) return;
    const auto& admin = listeners.admin();
    const auto address = CheckAddress(admin.address(), "listeners.admin", &addresses);
    if (admin.has_tls()) CheckTls(admin.tls(), "listeners.admin.tls");
    if (!address.has_value() || address->IsLoopback() || !admin.tls().client_ca_file().empty()) return;
    Report("listeners.admin.address",
           "other machines reach this address, and it asks for no token; write an address such as 127.0.0.1:50052, or "
           "tls with client_ca_file");
  }

  void CheckTls(const gateway::v1::ServerTls& tls, const std::string& path) {
    if (tls.cert_file().empty()) Report(path + ".cert_file", "missing; write the path of the server's certificate");
    if (tls.key_file().empty()) Report(path + ".key_file", "missing; write the path of the certificate's private key");
  }

  std::optional<base::HostPort> CheckAddress(const std::string& text, const std::string& listener,
                                             std::map<std::string, std::string>* addresses) {
    const auto address = base::ParseHostPort(text);
    const std::string path = listener + ".address";
    if (!address.has_value()) {
      Report(path, StrCat(text.empty() ? "missing" : "not an address to listen on",
                          "; write an IP address or localhost, and a port: 127.0.0.1:50051 or [::1]:50051"));
    } else if (address->port != 0) {
      CheckUnique(addresses, address->ToString(), listener, path, "address");
    }
    return address;
  }

  void CheckRange(std::string_view field, uint64_t value, uint64_t least, uint64_t most) {
    if (value < least || value > most)
      Report(StrCat("limits.", field), StrCat("out of range; write ", least, " to ", most));
  }
  static double Seconds(const Duration& duration) {
    return static_cast<double>(duration.seconds()) + duration.nanos() * 1e-9;
  }
  void CheckPositive(std::string_view field, const Duration& duration) {
    if (Seconds(duration) < 0.001) Report(StrCat("limits.", field), "less than a millisecond; write for example 30s");
    if (Seconds(duration) > 86'400) Report(StrCat("limits.", field), "more than a day; write for example 30s");
  }

  void CheckLimits() {
    constexpr uint64_t kKiB = 1024, kGiB = 1024 * 1024 * 1024;
    const auto& limits = settings_.limits();
    CheckRange("in_flight_per_portal", limits.in_flight_per_portal(), 1, 1'000);
    CheckRange("max_attempts", limits.max_attempts(), 1, 1'000);
    CheckRange("breaker_failures", limits.breaker_failures(), 0, 100'000);
    CheckRange("queued_calls_per_portal", limits.queued_calls_per_portal(), 1, 10'000'000);
    CheckRange("queued_bytes_per_portal", limits.queued_bytes_per_portal(), kKiB, 1024 * kGiB);
    CheckRange("max_request_bytes", limits.max_request_bytes(), kKiB, kGiB);
    CheckRange("max_reply_bytes", limits.max_reply_bytes(), kKiB, kGiB);
    CheckPositive("default_deadline", limits.default_deadline());
    CheckPositive("max_deadline", limits.max_deadline());
    CheckPositive("max_transfer_time", limits.max_transfer_time());
    CheckPositive("connect_timeout", limits.connect_timeout());
    CheckPositive("portal_reply_timeout", limits.portal_reply_timeout());
    if (Seconds(limits.default_deadline()) > Seconds(limits.max_deadline())) {
      Report("limits.default_deadline", "longer than max_deadline; write a shorter one, or raise max_deadline");
    }
    if (Seconds(limits.batch_linger()) > 0.1) Report("limits.batch_linger", "more than 100ms; write for example 1ms");
    if (limits.batch_linger().nanos() % 1'000'000 != 0)
      Report("limits.batch_linger", "not whole milliseconds; write for example 1ms");
    if (Seconds(limits.shutdown_grace()) > 86'400)
      Report("limits.shutdown_grace", "more than a day; write for example 30s");
    if (Seconds(limits.shutdown_drain_delay()) > Seconds(limits.shutdown_grace())) {
      Report("limits.shutdown_drain_delay",
             "longer than shutdown_grace, of which it is a part; write a shorter one, or raise shutdown_grace");
    }
    if (Seconds(limits.portal_reply_timeout()) < 60) {
      findings_.Warn("limits.portal_reply_timeout",
                     "shorter than the 60 seconds Bitrix24 gives a request; calls that it still carries out will be "
                     "reported as unknown");
    }
  }

  void CheckTransport() {
    const uint32_t threads = settings_.transport().loop_threads();
    if (threads < 1 || threads > 64) Report("transport.loop_threads", "out of range; write 1 to 64");
    if (settings_.transport().has_proxy())
      CheckSecretRef(true, settings_.transport().proxy(), "transport.proxy", "the proxy's URL");
    constexpr int kMostNameServers = 16;
    if (settings_.transport().name_servers_size() > kMostNameServers)
      Report("transport.name_servers", "too many; write 16 at most");
    std::map<std::string, std::string> seen;
    for (int i = 0; i < settings_.transport().name_servers_size(); ++i) {
      const std::string path = Item("transport.name_servers", i);
      const auto server = base::ParseHostPort(settings_.transport().name_servers(i));
      if (!server.has_value() || server->port == 0) {
        Report(path, "not an IP address with a port; write for example 10.0.0.53:53 or [fd00::53]:53");
      } else {
        CheckUnique(&seen, server->ToString(), path, path, "name server");
      }
    }
  }

  void CheckHandlerHosts() {
    std::map<std::string, std::string> seen;
    for (int i = 0; i < settings_.handler_hosts_size(); ++i) {
      const std::string path = Item("handler_hosts", i);
      const std::string host = base::ToLower(settings_.handler_hosts(i));
      if (!IsHostName(host) && !base::ParseHostPort(StrCat(host, ":1")).has_value()) {
        Report(path, "not a host name; write for example bots.example.com, without https://, port, path or `*`");
      } else {
        CheckUnique(&seen, host, path, path, "host");
      }
    }
  }

  void CheckStorage() {
    const auto& storage = settings_.storage();
    if (storage.sqlite().path().empty()) Report("storage.sqlite.path", "missing; write the path of the database file");
    if (storage.seal_key_file().empty()) {
      Report("storage.seal_key_file", "missing; write the path of a key file, which `openssl rand -base64 32` makes");
    }
    for (int i = 0; i < storage.old_seal_key_files_size(); ++i) {
      if (storage.old_seal_key_files(i).empty())
        Report(Item("storage.old_seal_key_files", i), "empty; write the path of a key file");
    }
  }

  const Settings& settings_;
  Findings& findings_;
  std::set<std::string> portal_names_;
};

// Whether it is present must be asked before it is made: the order of arguments would leave that open.
Duration SecondsLong(int64_t seconds) {
  Duration duration;
  duration.set_seconds(seconds);
  return duration;
}

}  // namespace

void ApplyDefaults(Settings* settings) {
  if (!settings->has_log_level()) settings->set_log_level(gateway::v1::LOG_LEVEL_INFO);
  if (settings->listeners().has_admin() && settings->listeners().admin().address().empty())
    settings->mutable_listeners()->mutable_admin()->set_address("127.0.0.1:50052");
  auto& limits = *settings->mutable_limits();
  if (!limits.has_default_deadline()) *limits.mutable_default_deadline() = SecondsLong(30);
  if (!limits.has_max_deadline()) *limits.mutable_max_deadline() = SecondsLong(120);
  if (!limits.has_max_transfer_time()) *limits.mutable_max_transfer_time() = SecondsLong(600);
  if (!limits.has_in_flight_per_portal()) limits.set_in_flight_per_portal(16);
  if (!limits.has_max_attempts()) limits.set_max_attempts(1'000);
  if (!limits.has_breaker_failures()) limits.set_breaker_failures(10);
  if (!limits.has_batch_linger()) limits.mutable_batch_linger()->set_nanos(1'000'000);
  if (!limits.has_queued_calls_per_portal()) limits.set_queued_calls_per_portal(10'000);
  if (!limits.has_queued_bytes_per_portal()) limits.set_queued_bytes_per_portal(uint64_t{64} << 20);
  if (!limits.has_max_request_bytes()) limits.set_max_request_bytes(uint64_t{8} << 20);
  if (!limits.has_max_reply_bytes()) limits.set_max_reply_bytes(uint64_t{32} << 20);
  if (!limits.has_connect_timeout()) *limits.mutable_connect_timeout() = SecondsLong(10);
  // Bitrix24 ends a request after 60 seconds (documentation, limits.md); its answer is worth waiting for.
  if (!limits.has_portal_reply_timeout()) *limits.mutable_portal_reply_timeout() = SecondsLong(65);
  if (!limits.has_shutdown_grace()) *limits.mutable_shutdown_grace() = SecondsLong(30);
  limits.mutable_shutdown_drain_delay();
  auto& transport = *settings->mutable_transport();
  if (!transport.has_loop_threads())
    transport.set_loop_threads(std::clamp(std::thread::hardware_concurrency(), 1u, 4u));
  if (!transport.has_http2()) transport.set_http2(true);
}

void Validate(const Settings& settings, Findings* findings) {
  Validator(settings, findings).Run();
}

}  // namespace imbot::config
