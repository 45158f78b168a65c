// Links to files, and the files behind them. Loop thread only.
//
// A link names the file, is signed, and carries the credential of whoever asked for it (WIRE_FACTS.md 6.2): a secret.
// This is the seam for large files: Answer() is the only place that turns a stored file into bytes on a connection.
#ifndef IMBOT_TESTS_SIMULATOR_REST_FILE_DOWNLOADS_H_
#define IMBOT_TESTS_SIMULATOR_REST_FILE_DOWNLOADS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/simulator/net/http_types.h"
#include "tests/simulator/rest/call.h"
#include "tests/simulator/rest/portal.h"
#include "tests/simulator/rest/request.h"

namespace simulator {

class FileDownloads {
 public:
  // On the host and port that the caller used. `scope` is imbot or im.
  static std::string Link(const Portal& portal, const Caller& caller, std::string_view scope, int64_t file_id);

  // Answers a request for such a link; false if the request is none.
  static bool Answer(const Portal& portal, const RestRequest& request, const HttpRequest& http, ReplySink* sink);
};

}  // namespace simulator

#endif  // IMBOT_TESTS_SIMULATOR_REST_FILE_DOWNLOADS_H_
