#include "service/transport/curl_failure.h"

#include <openssl/x509_vfy.h>

#include <string>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"

namespace imbot::transport {
namespace {

long Info(CURL* easy, CURLINFO info) {
  long value = 0;
  curl_easy_getinfo(easy, info, &value);
  return value;
}

std::string TlsMessage(CURL* easy, CURLcode code) {
  const long verified = Info(easy, CURLINFO_SSL_VERIFYRESULT);
  // "Unspecified" is what curl starts with: the chain was not what failed.
  if (verified != X509_V_OK && verified != X509_V_ERR_UNSPECIFIED) {
    return absl::StrCat("the certificate is not accepted: ", X509_verify_cert_error_string(verified));
  }
  if (code == CURLE_PEER_FAILED_VERIFICATION) return "the certificate is not accepted: it is for another name";
  return absl::StrCat("the TLS handshake failed: ", curl_easy_strerror(code));
}

// Not the server's certificate or protocol, but the connection failed. curl has one code for both. Its first text is
// the socket's (cf-socket.c), or begins so where OpenSSL has no error of its own (vtls/openssl.c, ossl_connect_step2).
bool LostDuringHandshake(CURLcode code, std::string_view text) {
  return code == CURLE_SSL_CONNECT_ERROR && (text.starts_with("Recv failure: ") || text.starts_with("Send failure: ") ||
                                             text.starts_with("OpenSSL SSL_connect: "));
}

}  // namespace

// Texts are made here, never taken from curl's error buffer, which may quote the URL.
Failure DescribeFailure(const FailedTransfer& transfer) {
  const CURLcode code = transfer.code;
  Failure failure;
  failure.sent = transfer.may_have_left;
  const auto is = [&](Failure::Kind kind, std::string message) {
    failure.kind = kind;
    failure.message = std::move(message);
    return failure;
  };
  const long os_error = Info(transfer.easy, CURLINFO_OS_ERRNO);
  const std::string why =
      os_error != 0 ? std::generic_category().message(static_cast<int>(os_error)) : curl_easy_strerror(code);

  if (transfer.too_large || code == CURLE_FILESIZE_EXCEEDED) {
    return is(Failure::Kind::kReplyTooLarge, absl::StrCat("the reply is larger than ", transfer.max_reply_bytes,
                                                          " bytes, or its headers than ", transfer.max_header_bytes));
  }
  if (transfer.aborted) return is(Failure::Kind::kAborted, "broken off on this side");
  if (transfer.repeat_stopped) return is(Failure::Kind::kReset, "the kept connection was closed before a reply came");
  if (transfer.begun) {
    switch (code) {
      case CURLE_WEIRD_SERVER_REPLY:
      case CURLE_UNSUPPORTED_PROTOCOL:  // HTTP/0.9
      case CURLE_BAD_CONTENT_ENCODING:
      case CURLE_OUT_OF_MEMORY:  // a header line beyond curl's own limit
        return is(Failure::Kind::kBadReply, absl::StrCat("the reply is not HTTP: ", curl_easy_strerror(code)));
      case CURLE_OPERATION_TIMEDOUT:
        return is(Failure::Kind::kTimeout, "no whole reply in time");
      default:
        return is(Failure::Kind::kReset, absl::StrCat("the connection ended before a whole reply: ", why));
    }
  }
  if (transfer.address_stopped) return is(Failure::Kind::kBlocked, "the address is not an allowed one");
  if (LostDuringHandshake(code, transfer.curl_text))
    return is(Failure::Kind::kConnect, "the connection ended during the TLS handshake");
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return is(Failure::Kind::kDns, curl_easy_strerror(code));
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_INVALIDCERTSTATUS:
      return is(Failure::Kind::kTls, TlsMessage(transfer.easy, code));
    case CURLE_OPERATION_TIMEDOUT:
      return is(Failure::Kind::kConnect, "no connection in time");
    default:
      break;
  }
  if (const long proxy_status = Info(transfer.easy, CURLINFO_HTTP_CONNECTCODE);
      proxy_status != 0 && proxy_status / 100 != 2) {
    return is(Failure::Kind::kConnect, absl::StrCat("the proxy answered CONNECT with ", proxy_status));
  }
  return is(Failure::Kind::kConnect, absl::StrCat("no connection: ", why));
}

}  // namespace imbot::transport
