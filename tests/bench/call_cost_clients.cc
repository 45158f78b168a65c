#include "tests/bench/call_cost_clients.h"

#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

namespace imbot::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kDeadline = std::chrono::seconds(30);

double MicrosecondsSince(Clock::time_point begun) {
  return std::chrono::duration<double, std::micro>(Clock::now() - begun).count();
}

double SecondsOf(clockid_t clock) {
  timespec time{};
  if (clock_gettime(clock, &time) != 0) Die("no CPU clock");
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// Takes the time of a run.
class Stopwatch {
 public:
  void Stop(Run* run) const {
    run->seconds = MicrosecondsSince(begun_) / 1e6;
    run->client_cpu_seconds = ThreadCpuSeconds() - cpu_begun_;
    run->client_waits = ThreadWaits() - waits_begun_;
  }

 private:
  const Clock::time_point begun_ = Clock::now();
  const double cpu_begun_ = ThreadCpuSeconds();
  const double waits_begun_ = ThreadWaits();
};

}  // namespace

void Die(const std::string& why) {
  throw std::runtime_error(why);
}

double ThreadCpuSeconds() {
  return SecondsOf(CLOCK_THREAD_CPUTIME_ID);
}

double ProcessCpuSeconds(pid_t pid) {
  clockid_t clock{};
  if (clock_getcpuclockid(pid, &clock) != 0) Die("no CPU clock of process " + std::to_string(pid));
  return SecondsOf(clock);
}

double ThreadWaits() {
  rusage usage{};
  if (getrusage(RUSAGE_THREAD, &usage) != 0) Die("no resource usage");
  return static_cast<double>(usage.ru_nvcsw);
}

double ProcessWaits(pid_t pid) {
  double waits = 0;
  std::error_code ended;  // a thread may end meanwhile
  for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task", ended)) {
    std::ifstream status(task.path() / "status");
    constexpr std::string_view kWaits = "voluntary_ctxt_switches:";
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with(kWaits)) waits += std::stod(line.substr(kWaits.size()));
    }
  }
  return waits;
}

// --- libcurl

struct CurlClient::Slot {
  CURL* easy = nullptr;
  std::string body;
  size_t id_at = 0;  // where the templateId begins in it
  std::string reply;
  Clock::time_point begun;

  ~Slot() { curl_easy_cleanup(easy); }

  static size_t OnBody(char* data, size_t size, size_t count, void* self) {
    static_cast<Slot*>(self)->reply.append(data, size * count);
    return size * count;
  }
  void Check(CURLcode code) const {
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK) Die(std::string("direct call: ") + curl_easy_strerror(code));
    if (status != 200 || reply.find("\"result\"") == reply.npos) Die("direct call: " + reply);
  }
};

CurlClient::CurlClient(std::string url, std::vector<std::string> bodies)
    : url_(std::move(url)), bodies_(std::move(bodies)), multi_(curl_multi_init()) {
  for (const char* header : {"Content-Type: application/json", "Accept: application/json", "Expect:"})
    headers_ = curl_slist_append(headers_, header);
}

CurlClient::~CurlClient() {
  slots_.clear();
  single_.reset();
  curl_multi_cleanup(multi_);
  curl_slist_free_all(headers_);
}

std::unique_ptr<CurlClient::Slot> CurlClient::NewSlot(std::string body) {
  constexpr std::string_view kBefore = "\"templateId\":\"";
  const size_t at = body.find(kBefore);
  if (at == body.npos) Die("the request has no templateId");  // its body has the bot's token
  auto slot = std::make_unique<Slot>();
  slot->body = std::move(body);
  slot->id_at = at + kBefore.size();
  slot->easy = curl_easy_init();
  curl_easy_setopt(slot->easy, CURLOPT_URL, url_.c_str());
  curl_easy_setopt(slot->easy, CURLOPT_POST, 1L);
  curl_easy_setopt(slot->easy, CURLOPT_HTTPHEADER, headers_);
  curl_easy_setopt(slot->easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(slot->easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(slot->easy, CURLOPT_PROXY, "");
  curl_easy_setopt(slot->easy, CURLOPT_WRITEFUNCTION, &Slot::OnBody);
  curl_easy_setopt(slot->easy, CURLOPT_WRITEDATA, slot.get());
  curl_easy_setopt(slot->easy, CURLOPT_PRIVATE, slot.get());
  curl_easy_setopt(slot->easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(slot->body.size()));
  curl_easy_setopt(slot->easy, CURLOPT_POSTFIELDS, slot->body.data());
  return slot;
}

void CurlClient::Fill(Slot* slot) {
  // The last group counts, the first tells this program's runs apart.
  static const auto run = static_cast<unsigned>(std::chrono::system_clock::now().time_since_epoch().count() / 1000);
  char id[40];
  std::snprintf(id, sizeof(id), "%08x-0000-4000-8000-%012llx", run, ++last_id_);
  slot->body.replace(slot->id_at, 36, id, 36);
  slot->reply.clear();
  slot->begun = Clock::now();
}

Run CurlClient::OneByOne(int calls) {
  Run run;
  run.microseconds.reserve(static_cast<size_t>(calls));
  if (single_ == nullptr) single_ = NewSlot(bodies_.front());
  const Stopwatch stopwatch;
  for (int i = 0; i < calls; ++i) {
    Fill(single_.get());
    const CURLcode code = curl_easy_perform(single_->easy);
    run.microseconds.push_back(MicrosecondsSince(single_->begun));
    single_->Check(code);
  }
  stopwatch.Stop(&run);
  return run;
}

Run CurlClient::AtOnce(int calls, int in_flight) {
  Run run;
  run.microseconds.reserve(static_cast<size_t>(calls));
  while (slots_.size() < static_cast<size_t>(in_flight))
    slots_.push_back(NewSlot(bodies_[slots_.size() % bodies_.size()]));
  const Stopwatch stopwatch;
  int started = 0;
  const auto start = [&](Slot* slot) {
    ++started;
    Fill(slot);
    if (curl_multi_add_handle(multi_, slot->easy) != CURLM_OK) Die("curl_multi_add_handle failed");
  };
  for (int i = 0; i < std::min(in_flight, calls); ++i) start(slots_[static_cast<size_t>(i)].get());
  while (run.microseconds.size() < static_cast<size_t>(calls)) {
    int running = 0, left = 0;
    curl_multi_perform(multi_, &running);
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      CURL* const easy = message->easy_handle;
      const CURLcode code = message->data.result;
      Slot* slot = nullptr;
      curl_easy_getinfo(easy, CURLINFO_PRIVATE, &slot);
      run.microseconds.push_back(MicrosecondsSince(slot->begun));
      slot->Check(code);
      curl_multi_remove_handle(multi_, easy);
      if (started < calls) start(slot);
    }
    if (run.microseconds.size() < static_cast<size_t>(calls)) curl_multi_poll(multi_, nullptr, 0, 1'000, nullptr);
  }
  stopwatch.Stop(&run);
  return run;
}

// --- gRPC

struct RpcClient::Slot {
  const grpc::ByteBuffer* request = nullptr;
  std::unique_ptr<grpc::ClientContext> context;
  std::unique_ptr<grpc::GenericClientAsyncResponseReader> call;
  grpc::ByteBuffer response;
  grpc::Status status;
  Clock::time_point begun;
};

namespace {

grpc::ByteBuffer Bytes(const std::string& text) {
  const grpc::Slice slice(text);
  return grpc::ByteBuffer(&slice, 1);
}

}  // namespace

RpcClient::RpcClient(int port, std::string method, const std::vector<std::string>& requests)
    : method_(std::move(method)),
      channel_(grpc::CreateChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials())),
      stub_(channel_) {
  for (const std::string& request : requests) requests_.push_back(Bytes(request));
  if (!channel_->WaitForConnected(std::chrono::system_clock::now() + kDeadline)) Die("no connection for gRPC");
}

RpcClient::~RpcClient() {
  queue_.Shutdown();
}

void RpcClient::Start(Slot* slot) {
  slot->begun = Clock::now();
  slot->context = std::make_unique<grpc::ClientContext>();
  slot->context->set_deadline(std::chrono::system_clock::now() + kDeadline);
  slot->call = stub_.PrepareUnaryCall(slot->context.get(), method_, *slot->request, &queue_);
  slot->call->StartCall();
  slot->call->Finish(&slot->response, &slot->status, slot);
}

Run RpcClient::AtOnce(int calls, int in_flight) {
  Run run;
  run.microseconds.reserve(static_cast<size_t>(calls));
  std::vector<Slot> slots(static_cast<size_t>(std::min(in_flight, calls)));
  const Stopwatch stopwatch;
  int started = 0;
  std::string failure;
  for (Slot& slot : slots) {
    slot.request = &requests_[static_cast<size_t>(started++) % requests_.size()];
    Start(&slot);
  }
  while (run.microseconds.size() < static_cast<size_t>(started)) {
    void* tag = nullptr;
    bool ok = false;
    queue_.Next(&tag, &ok);
    Slot* const slot = static_cast<Slot*>(tag);
    run.microseconds.push_back(MicrosecondsSince(slot->begun));
    if (!slot->status.ok()) failure = method_ + ": " + slot->status.error_message();
    // What has begun ends before the slots go.
    if (started == calls || !failure.empty()) continue;
    ++started;
    Start(slot);
  }
  stopwatch.Stop(&run);
  if (!failure.empty()) Die(failure);
  return run;
}

}  // namespace imbot::bench
