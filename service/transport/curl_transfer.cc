#include "service/transport/curl_transfer.h"

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "service/transport/certificate.h"
#include "service/transport/curl_failure.h"

namespace imbot::transport {
namespace {

// An error from a TLS write means that less than one record (16 KiB) was handed over, and a part of a record is of no
// use to the peer. A body below this leaves room for the headers in the same record.
constexpr size_t kOneRecordBody = size_t{12} << 10;

constexpr std::string_view kLocation = "location";

// The value of a header line, without the space around it, if the line's name is `name` (in lower case).
std::optional<std::string_view> HeaderValue(std::string_view line, std::string_view name) {
  if (line.size() <= name.size() || line[name.size()] != ':' ||
      !std::equal(name.begin(), name.end(), line.begin(), [](char left, char right) {
        return left == absl::ascii_tolower(static_cast<unsigned char>(right));
      })) {
    return std::nullopt;
  }
  constexpr std::string_view kSpace = " \t\r\n";
  line.remove_prefix(name.size() + 1);
  line.remove_prefix(std::min(line.find_first_not_of(kSpace), line.size()));
  line.remove_suffix(line.size() - std::min(line.find_last_not_of(kSpace) + 1, line.size()));
  return line;
}

template <typename T>
bool Set(CURL* easy, CURLoption option, T value) {
  return curl_easy_setopt(easy, option, value) == CURLE_OK;
}

long Milliseconds(base::Duration duration) {
  return static_cast<long>(std::max<int64_t>(std::chrono::ceil<std::chrono::milliseconds>(duration).count(), 1));
}

long Info(CURL* easy, CURLINFO info) {
  long value = 0;
  curl_easy_getinfo(easy, info, &value);
  return value;
}

std::string ContentType(CURL* easy) {
  const char* type = nullptr;
  return curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &type) == CURLE_OK && type != nullptr ? type : "";
}

std::optional<Address> FromSockaddr(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    return Address::FromBytes(std::span(reinterpret_cast<const uint8_t*>(&v4.sin_addr), sizeof(v4.sin_addr)));
  }
  if (address.sa_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    return Address::FromBytes(std::span(reinterpret_cast<const uint8_t*>(&v6.sin6_addr), sizeof(v6.sin6_addr)));
  }
  return std::nullopt;
}

// The system's bundle as a file, since curl caches parsed certificates only if they come from a file alone.
const char* DefaultCaFile() {
  const curl_version_info_data* version = curl_version_info(CURLVERSION_NOW);
  return version->cainfo;
}

}  // namespace

CurlTransfer::CurlTransfer(const HttpOptions& options, const Request& request, bool tls, KeptSockets& sockets,
                           OnConnected on_connected, WantResume want_resume)
    : options_(options),
      request_(request),
      tls_(tls),
      sockets_(sockets),
      on_connected_(std::move(on_connected)),
      want_resume_(std::move(want_resume)) {}

CurlTransfer::~CurlTransfer() {
  easy_.reset();
  curl_slist_free_all(headers_);
  curl_slist_free_all(pins_);
}

bool CurlTransfer::Configure(const HttpOptions& options, KeptSockets& sockets, CURL* easy) {
  return Set(easy, CURLOPT_USERAGENT, "imbot-gateway/" IMBOT_VERSION) &&  //
         Set(easy, CURLOPT_FOLLOWLOCATION, 0L) &&                         //
         Set(easy, CURLOPT_PROTOCOLS_STR, "http,https") &&                //
         Set(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L) &&               //
         Set(easy, CURLOPT_HTTP_VERSION,
             static_cast<long>(options.http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1)) &&
         Set(easy, CURLOPT_PREREQFUNCTION, &CurlTransfer::OnRequest) &&  //
         Set(easy, CURLOPT_HEADERFUNCTION, &CurlTransfer::OnHeader) &&   //
         Set(easy, CURLOPT_WRITEFUNCTION, &CurlTransfer::OnBody) &&      //
         Set(easy, CURLOPT_READFUNCTION, &CurlTransfer::OnRead) &&       //
         Set(easy, CURLOPT_DEBUGFUNCTION, &CurlTransfer::OnDebug) &&     //
         ConfigureConnection(options, sockets, easy) && ConfigureSecurity(options, easy);
}

bool CurlTransfer::ConfigureConnection(const HttpOptions& options, KeptSockets& sockets, CURL* easy) {
  const bool proxy = !options.proxy.empty();
  // An empty proxy keeps curl from looking into the environment.
  return Set(easy, CURLOPT_PROXY, proxy ? options.proxy.Reveal().data() : "") &&  //
         (!proxy || (Set(easy, CURLOPT_HTTPPROXYTUNNEL, 1L) && Set(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L) &&
                     Set(easy, CURLOPT_NOPROXY, ""))) &&
         Set(easy, CURLOPT_OPENSOCKETFUNCTION, &CurlTransfer::OnSocket) &&
         Set(easy, CURLOPT_CLOSESOCKETFUNCTION, &CurlTransfer::OnCloseSocket) &&
         Set(easy, CURLOPT_CLOSESOCKETDATA, &sockets) && Set(easy, CURLOPT_NOSIGNAL, 1L) &&  //
         Set(easy, CURLOPT_QUICK_EXIT, 1L) &&                                                //
         Set(easy, CURLOPT_CONNECTTIMEOUT_MS, Milliseconds(options.connect_timeout)) &&
         Set(easy, CURLOPT_TCP_NODELAY, 1L) &&    //
         Set(easy, CURLOPT_TCP_KEEPALIVE, 1L) &&  //
         Set(easy, CURLOPT_TCP_KEEPIDLE, static_cast<long>(options.tcp_keepalive_idle.count())) &&
         Set(easy, CURLOPT_TCP_KEEPINTVL, static_cast<long>(options.tcp_keepalive_interval.count())) &&
         Set(easy, CURLOPT_MAXAGE_CONN, static_cast<long>(options.max_idle.count())) &&
         Set(easy, CURLOPT_MAXLIFETIME_CONN, static_cast<long>(options.max_connection_age.count()));
}

bool CurlTransfer::ConfigureSecurity(const HttpOptions& options, CURL* easy) {
  const char* file = !options.ca_file.empty()  ? options.ca_file.c_str()
                     : options.ca_path.empty() ? DefaultCaFile()
                                               : nullptr;
  const char* path = options.ca_path.empty() ? nullptr : options.ca_path.c_str();
  if (!options.proxy.empty() && !(Set(easy, CURLOPT_PROXY_CAINFO, file) && Set(easy, CURLOPT_PROXY_CAPATH, path)))
    return false;
  return Set(easy, CURLOPT_SSL_VERIFYPEER, 1L) && Set(easy, CURLOPT_SSL_VERIFYHOST, 2L) &&
         Set(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2)) && Set(easy, CURLOPT_CAINFO, file) &&
         Set(easy, CURLOPT_CAPATH, path);
}

bool CurlTransfer::Prepare(EasyHandle easy, std::shared_ptr<TlsSessions> sessions, const Route& route, bool fresh) {
  easy_ = std::move(easy);
  sessions_ = std::move(sessions);
  addresses_ = route.addresses;
  return easy_ != nullptr && SetRequest() && SetHeaders() && SetBody(fresh) && SetConnection(route);
}

bool CurlTransfer::SetRequest() {
  CURL* easy = easy_.get();
  // A Secret's bytes are those of a std::string, so a zero follows them; url.cc has refused zeros inside.
  return Set(easy, CURLOPT_URL, request_.url.Reveal().data()) && Set(easy, CURLOPT_PREREQDATA, this) &&
         Set(easy, CURLOPT_HEADERDATA, this) && Set(easy, CURLOPT_WRITEDATA, this) &&
         Set(easy, CURLOPT_MAXFILESIZE_LARGE,
             static_cast<curl_off_t>(request_.sink != nullptr ? 0 : options_.max_reply_bytes)) &&
         // Told what curl writes and says only where HTTP/2 makes it needed. None of it is kept or logged.
         Set(easy, CURLOPT_DEBUGDATA, this) && Set(easy, CURLOPT_VERBOSE, options_.http2 && tls_ ? 1L : 0L);
}

bool CurlTransfer::SetHeaders() {
  const auto append = [](curl_slist* list, const std::string& header) {
    curl_slist* const longer = curl_slist_append(list, header.c_str());
    if (longer == nullptr) curl_slist_free_all(list);
    return longer;
  };
  constexpr char kJson[] = "application/json";
  if (!request_.get && request_.sink == nullptr && request_.content_type == kJson) {
    // Nearly every request's.
    static curl_slist* const common = append(
        append(append(nullptr, absl::StrCat("Content-Type: ", kJson)), absl::StrCat("Accept: ", kJson)), "Expect:");
    return common != nullptr && Set(easy_.get(), CURLOPT_HTTPHEADER, common);
  }
  headers_ = append(nullptr, request_.sink != nullptr ? "Accept: */*" : absl::StrCat("Accept: ", kJson));
  if (headers_ != nullptr) headers_ = append(headers_, "Expect:");
  if (headers_ != nullptr && !request_.get)
    headers_ = append(headers_, absl::StrCat("Content-Type: ", request_.content_type));
  return headers_ != nullptr && Set(easy_.get(), CURLOPT_HTTPHEADER, headers_);
}

bool CurlTransfer::SetBody(bool fresh) {
  CURL* easy = easy_.get();
  const bool streams = request_.source != nullptr;
  if (!Set(easy, CURLOPT_FRESH_CONNECT, fresh || streams ? 1L : 0L)) return false;
  if (request_.get) return Set(easy, CURLOPT_POSTFIELDS, nullptr) && Set(easy, CURLOPT_HTTPGET, 1L);
  if (!Set(easy, CURLOPT_POST, 1L)) return false;
  if (!streams) {
    return Set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size())) &&
           Set(easy, CURLOPT_POSTFIELDS, request_.body.data());
  }
  request_.source->Begin(want_resume_);
  // Of a size nobody knows yet: chunked in HTTP/1.1, plain frames in HTTP/2.
  return Set(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t{-1}) && Set(easy, CURLOPT_POSTFIELDS, nullptr) &&
         Set(easy, CURLOPT_READDATA, this);
}

bool CurlTransfer::SetConnection(const Route& route) {
  CURL* easy = easy_.get();
  if (!route.peer.literal.has_value()) {
    // Replaces what curl's own cache holds for the name, each time.
    const std::string pin =
        absl::StrCat(route.peer.host, ":", route.peer.port, ":",
                     absl::StrJoin(addresses_, ",", [](std::string* out, const Address& address) {
                       absl::StrAppend(out, address.is_v4() ? "" : "[", address.ToString(), address.is_v4() ? "" : "]");
                     }));
    pins_ = curl_slist_append(nullptr, pin.c_str());
    if (pins_ == nullptr || !Set(easy, CURLOPT_RESOLVE, pins_)) return false;
  }
  if (!Set(easy, CURLOPT_OPENSOCKETDATA, this)) return false;
  if (!tls_) return true;
  return Set(easy, CURLOPT_ERRORBUFFER, curl_text_.data()) &&
         (sessions_ == nullptr || Set(easy, CURLOPT_SHARE, sessions_->share()));
}

EasyHandle CurlTransfer::Release() {
  if (easy_ != nullptr) {
    curl_easy_setopt(easy_.get(), CURLOPT_SHARE, nullptr);
    curl_easy_setopt(easy_.get(), CURLOPT_ERRORBUFFER, nullptr);
    // The handle must not remember what dies with the transfer, nor report to it.
    curl_easy_setopt(easy_.get(), CURLOPT_VERBOSE, 0L);
    curl_easy_setopt(easy_.get(), CURLOPT_RESOLVE, nullptr);
    curl_easy_setopt(easy_.get(), CURLOPT_HTTPHEADER, nullptr);
  }
  return std::move(easy_);
}

bool CurlTransfer::may_have_left() const {
  if (begun_ == 0 || sending_.refused()) return false;
  // The portal can't execute half a body.
  if (request_.source != nullptr) return source_ended_;
  // Only told what was written where the debug callback is on.
  const bool counted = options_.http2 && tls_;
  return !(counted && sending_.written() == 0 && !request_.body.empty() && request_.body.size() < kOneRecordBody);
}

bool CurlTransfer::IsMultiplex() const {
  return options_.max_streams_per_connection > 1 && IsHttp2();
}

bool CurlTransfer::IsHttp2() const {
  if (!tls_ || !options_.http2) return false;
  curl_tlssessioninfo* tls = nullptr;
  if (curl_easy_getinfo(easy_.get(), CURLINFO_TLS_SSL_PTR, &tls) != CURLE_OK || tls == nullptr ||
      tls->internals == nullptr)
    return false;
  const unsigned char* protocol = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(static_cast<const SSL*>(tls->internals), &protocol, &size);
  return size == 2 && protocol[0] == 'h' && protocol[1] == '2';
}

// The connection is there, TLS and all, and the request about to be written.
int CurlTransfer::OnRequest(void* self, char* peer, char* own, int peer_port, int own_port) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  if (transfer.may_have_left()) {
    transfer.repeat_stopped_ = true;
    return CURL_PREREQFUNC_ABORT;
  }
  const bool kept = Info(transfer.easy_.get(), CURLINFO_NUM_CONNECTS) == 0;
  if (kept && !transfer.IsHttp2() && transfer.sockets_.HasInput({own, own_port}, {peer, peer_port})) {
    transfer.unclean_ = true;
    return CURL_PREREQFUNC_ABORT;
  }
  if (!kept && transfer.tls_) transfer.certificate_expires_at_ = CertificateExpiry(transfer.easy_.get());
  ++transfer.begun_;
  transfer.sending_ = {};
  transfer.on_connected_(transfer.IsMultiplex());
  return CURL_PREREQFUNC_OK;
}

curl_socket_t CurlTransfer::OnSocket(void* self, curlsocktype, curl_sockaddr* address) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  // Don't wait for a connection that OnRequest would refuse to use.
  if (transfer.may_have_left()) {
    transfer.repeat_stopped_ = true;
    return CURL_SOCKET_BAD;
  }
  const std::optional<Address> to = FromSockaddr(address->addr);
  if (!to.has_value() ||
      std::find(transfer.addresses_.begin(), transfer.addresses_.end(), *to) == transfer.addresses_.end()) {
    transfer.address_stopped_ = true;
    return CURL_SOCKET_BAD;
  }
  const curl_socket_t made = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (made != CURL_SOCKET_BAD) transfer.sockets_.Opened(made);
  return made;
}

// The connection may have outlived the transfer that opened it.
int CurlTransfer::OnCloseSocket(void* sockets, curl_socket_t socket) {
  static_cast<KeptSockets*>(sockets)->Closing(socket);
  return close(socket);
}

size_t CurlTransfer::OnHeader(char* data, size_t size, size_t count, void* self) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  const std::string_view line(data, size * count);
  transfer.header_bytes_ += line.size();
  if (transfer.header_bytes_ > transfer.options_.max_header_bytes) {
    transfer.too_large_ = true;
    return 0;
  }
  if (line.starts_with("HTTP/")) {
    // A new reply: what came before was an interim one (100, 103).
    transfer.location_.clear();
  } else if (const std::optional<std::string_view> value = HeaderValue(line, kLocation); value.has_value()) {
    transfer.location_ = *value;
  }
  return line.size();
}

size_t CurlTransfer::OnBody(char* data, size_t size, size_t count, void* self) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  const std::string_view part(data, size * count);
  if (transfer.request_.sink != nullptr && Info(transfer.easy_.get(), CURLINFO_RESPONSE_CODE) == 200)
    return transfer.IntoSink(part);
  const size_t max = transfer.options_.max_reply_bytes;
  if (part.size() > max - transfer.body_.size()) {
    transfer.too_large_ = true;
    return 0;
  }
  if (transfer.body_.empty()) {
    curl_off_t announced = 0;
    curl_easy_getinfo(transfer.easy_.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
    // Announcing is cheap: no more than a mebibyte is believed in advance.
    if (announced > 0) transfer.body_.reserve(std::min({static_cast<size_t>(announced), max, size_t{1} << 20}));
  }
  transfer.body_.append(part);
  return part.size();
}

void CurlTransfer::BeginSink() {
  if (std::exchange(sinking_, true)) return;
  curl_off_t announced = -1;
  curl_easy_getinfo(easy_.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
  request_.sink->Begin(want_resume_, ContentType(easy_.get()),
                       announced < 0 ? std::nullopt : std::optional<uint64_t>(static_cast<uint64_t>(announced)));
}

size_t CurlTransfer::IntoSink(std::string_view part) {
  BeginSink();
  switch (request_.sink->Write(part)) {
    case BodySink::Taken::kAll:
      return part.size();
    case BodySink::Taken::kWait:
      return CURL_WRITEFUNC_PAUSE;
    case BodySink::Taken::kAbort:
      break;
  }
  aborted_ = true;
  return part.empty() ? 1 : 0;  // anything but the size
}

size_t CurlTransfer::OnRead(char* data, size_t size, size_t count, void* self) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  const BodySource::Piece piece = transfer.request_.source->Read(std::span(data, size * count));
  switch (piece.state) {
    case BodySource::State::kData:
      return piece.size;
    case BodySource::State::kEnd:
      transfer.source_ended_ = true;
      return 0;
    case BodySource::State::kWait:
      return CURL_READFUNC_PAUSE;
    case BodySource::State::kAbort:
      break;
  }
  transfer.aborted_ = true;
  return CURL_READFUNC_ABORT;
}

void CurlTransfer::Resume() {
  // Calls OnBody with what waited.
  curl_easy_pause(easy_.get(), CURLPAUSE_CONT);
}

int CurlTransfer::OnDebug(CURL*, curl_infotype type, char* data, size_t size, void* self) {
  static_cast<CurlTransfer*>(self)->sending_.Note(type, std::string_view(data, size));
  return 0;
}

Result CurlTransfer::TakeResult(CURLcode code) {
  Result result;
  CURL* easy = easy_.get();
  result.reply.new_connection = Info(easy, CURLINFO_NUM_CONNECTS) > 0;
  if (code != CURLE_OK) {
    result.failure = DescribeFailure({.easy = easy,
                                      .code = code,
                                      .curl_text = curl_text_.data(),
                                      .begun = begun_ > 0,
                                      .may_have_left = may_have_left(),
                                      .too_large = too_large_,
                                      .aborted = aborted_,
                                      .repeat_stopped = repeat_stopped_,
                                      .address_stopped = address_stopped_,
                                      .max_reply_bytes = options_.max_reply_bytes,
                                      .max_header_bytes = options_.max_header_bytes});
    return result;
  }
  result.reply.http_status = static_cast<int>(Info(easy, CURLINFO_RESPONSE_CODE));
  result.reply.content_type = ContentType(easy);
  if (request_.sink != nullptr && result.reply.http_status == 200) BeginSink();  // a body of no bytes
  result.reply.location = std::move(location_);
  result.reply.body = std::move(body_);
  return result;
}

}  // namespace imbot::transport
