// Direct calls to a portal, as a program makes them that has no gateway: libcurl on kept connections, so many at once.
//
//   imbot_load_direct URL BODIES_FILE SECONDS IN_FLIGHT [CALLS_A_SECOND]
//
// BODIES_FILE has a JSON body in each line; they are sent in turn, each `@ID@` in them replaced by a number of its own.
// Prints one line of JSON: calls, seconds, percentiles of their times, and how many were refused and with what.

#include <curl/curl.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Slot {
  CURL* easy = nullptr;
  std::string body;
  std::string reply;
  Clock::time_point begun;
  ~Slot() { curl_easy_cleanup(easy); }
};

size_t OnBody(char* data, size_t size, size_t count, void* into) {
  static_cast<std::string*>(into)->append(data, size * count);
  return size * count;
}

class Direct {
 public:
  Direct(std::string url, std::vector<std::string> bodies) : url_(std::move(url)), bodies_(std::move(bodies)) {
    for (const char* header : {"Content-Type: application/json", "Accept: application/json", "Expect:"})
      headers_ = curl_slist_append(headers_, header);
  }
  ~Direct() {
    slots_.clear();
    curl_multi_cleanup(multi_);
    curl_slist_free_all(headers_);
  }
  Direct(const Direct&) = delete;
  Direct& operator=(const Direct&) = delete;

  // With a rate, calls start at their times, as many at once as that takes.
  void Run(double seconds, size_t in_flight, double rate) {
    const auto begun = Clock::now();
    const auto since = [&] { return std::chrono::duration<double>(Clock::now() - begun).count(); };
    while (true) {
      const bool over = since() >= seconds;
      while (!over && under_way_ < in_flight && (rate <= 0 || static_cast<double>(started_) < since() * rate)) Start();
      if (under_way_ == 0 && over) break;
      int running = 0;
      curl_multi_perform(multi_, &running);
      if (!Collect()) curl_multi_poll(multi_, nullptr, 0, rate > 0 ? 1 : 100, nullptr);
    }
    Print(since());
  }

 private:
  void Start() {
    if (free_.empty()) {
      free_.push_back(slots_.emplace_back(NewSlot()).get());
    }
    Slot* const slot = free_.back();
    free_.pop_back();
    slot->body = bodies_[started_ % bodies_.size()];
    ++started_;
    ++under_way_;
    char id[24];
    std::snprintf(id, sizeof(id), "%012zx", started_);
    for (size_t at = 0; (at = slot->body.find("@ID@", at)) != std::string::npos;) slot->body.replace(at, 4, id);
    slot->reply.clear();
    curl_easy_setopt(slot->easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(slot->body.size()));
    curl_easy_setopt(slot->easy, CURLOPT_POSTFIELDS, slot->body.data());
    slot->begun = Clock::now();
    curl_multi_add_handle(multi_, slot->easy);
  }

  std::unique_ptr<Slot> NewSlot() {
    auto slot = std::make_unique<Slot>();
    slot->easy = curl_easy_init();
    curl_easy_setopt(slot->easy, CURLOPT_URL, url_.c_str());
    curl_easy_setopt(slot->easy, CURLOPT_POST, 1L);
    curl_easy_setopt(slot->easy, CURLOPT_HTTPHEADER, headers_);
    curl_easy_setopt(slot->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(slot->easy, CURLOPT_PROXY, "");
    curl_easy_setopt(slot->easy, CURLOPT_WRITEFUNCTION, &OnBody);
    curl_easy_setopt(slot->easy, CURLOPT_WRITEDATA, &slot->reply);
    curl_easy_setopt(slot->easy, CURLOPT_PRIVATE, slot.get());
    return slot;
  }

  // Whether a call has ended.
  bool Collect() {
    bool some = false;
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      some = true;
      CURL* const easy = message->easy_handle;
      const CURLcode code = message->data.result;
      Slot* slot = nullptr;
      long status = 0;
      curl_easy_getinfo(easy, CURLINFO_PRIVATE, &slot);
      curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
      milliseconds_.push_back(std::chrono::duration<double, std::milli>(Clock::now() - slot->begun).count());
      ++outcomes_[code != CURLE_OK ? curl_easy_strerror(code) : std::to_string(status)];
      curl_multi_remove_handle(multi_, easy);
      free_.push_back(slot);
      --under_way_;
    }
    return some;
  }

  void Print(double seconds) {
    std::sort(milliseconds_.begin(), milliseconds_.end());
    const auto percentile = [&](double share) {
      if (milliseconds_.empty()) return 0.0;
      const auto index = static_cast<size_t>(share * static_cast<double>(milliseconds_.size()));
      return milliseconds_[std::min(milliseconds_.size() - 1, index)];
    };
    std::printf("{\"calls\":%zu,\"seconds\":%.3f,\"p50_ms\":%.3f,\"p90_ms\":%.3f,\"p99_ms\":%.3f,\"outcomes\":{",
                milliseconds_.size(), seconds, percentile(0.5), percentile(0.9), percentile(0.99));
    const char* comma = "";
    for (const auto& [name, count] : outcomes_) {
      std::printf("%s\"%s\":%zu", comma, name.c_str(), count);
      comma = ",";
    }
    std::printf("}}\n");
  }

  const std::string url_;
  const std::vector<std::string> bodies_;
  curl_slist* headers_ = nullptr;
  CURLM* const multi_ = curl_multi_init();
  std::vector<std::unique_ptr<Slot>> slots_;
  std::vector<Slot*> free_;
  size_t started_ = 0;
  size_t under_way_ = 0;
  std::vector<double> milliseconds_;
  std::map<std::string, size_t> outcomes_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) return std::fprintf(stderr, "usage: see the head of direct.cc\n"), 2;
  std::vector<std::string> bodies;
  std::ifstream in(argv[2]);
  for (std::string line; std::getline(in, line);) bodies.push_back(line);
  if (bodies.empty()) return std::fprintf(stderr, "no bodies in %s\n", argv[2]), 2;
  curl_global_init(CURL_GLOBAL_DEFAULT);
  Direct(argv[1], std::move(bodies))
      .Run(std::atof(argv[3]), static_cast<size_t>(std::atoi(argv[4])), argc > 5 ? std::atof(argv[5]) : 0);
  return 0;
}
