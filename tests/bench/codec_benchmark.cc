// What translating a call costs the processor, beside copying the same bytes: encoding and checking a message with a
// keyboard, reading its reply, reading the reply of a batch of 50.
//
// At most 3 us are wanted for EncodeSend and for DecodeReply, at most 100 us for DecodeBatchOf50.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "google/protobuf/text_format.h"
#include "proto/contract.h"
#include "service/translate/decode.h"
#include "service/translate/encode.h"
#include "service/translate/method_table.h"
#include "service/translate/reply.h"
#include "service/translate/result_reference.h"
#include "service/translate/validate.h"

namespace imbot::translate {
namespace {

constexpr char kJson[] = "application/json; charset=utf-8";

const MethodSpec& SendMethod() {
  static const MethodSpec& method = *[] {
    static const std::unique_ptr<MethodTable> table = MethodTable::Create(contract::Files()).value();
    return table->FindByName("imbot.v2.Chat.Message.send");
  }();
  return method;
}

const google::protobuf::Message& SendRequest() {
  static const std::unique_ptr<google::protobuf::Message> request = [] {
    std::unique_ptr<google::protobuf::Message> message(SendMethod().request_prototype->New());
    if (!google::protobuf::TextFormat::ParseFromString(R"(
            bot: "acme/support" dialog_id: "chat5"
            fields {
              message: "Request [b]#142[/b] is waiting: what shall we do with it?" url_preview: false
              template_id: "0b7c2d5e-6f3a-4c1d-9e8f-7a6b5c4d3e2f"
              keyboard {
                buttons { text: "Accept" command: "accept" command_params: "142" bg_color_token: COLOR_TOKEN_PRIMARY block: true }
                buttons { text: "Reject" command: "reject" command_params: "142" }
                buttons { type: BUTTON_TYPE_NEWLINE }
                buttons { text: "Open" link: "https://example.com/requests/142" }
              }
            })",
                                                       message.get()))
      std::abort();
    return message;
  }();
  return *request;
}

const Identity kIdentity{.bot_id = 39, .secret = "0123456789abcdef0123456789abcdef"};

// A reply as the page of the method shows it, with `time` as portals send it.
std::string ResultText(int id) {
  return R"({"id":)" + std::to_string(id) + R"(,"uuidMap":{"0b7c2d5e-6f3a-4c1d-9e8f-7a6b5c4d3e2f":)" +
         std::to_string(id) + "}}";
}
constexpr char kTime[] =
    R"({"start":1728626400.123,"finish":1728626400.234,"duration":0.111,"processing":0.045,"date_start":"2024-10-11T10:00:00+02:00","date_finish":"2024-10-11T10:00:00+02:00","operating_reset_at":1762349466,"operating":0})";

std::string SingleReply() {
  return R"({"result":)" + ResultText(789) + R"(,"time":)" + kTime + "}";
}

std::vector<std::string> BatchKeys() {
  std::vector<std::string> keys;
  for (int i = 0; i < 50; ++i) keys.push_back("c" + std::to_string(i));
  return keys;
}
std::string BatchReplyText() {
  std::string results, times;
  for (const std::string& key : BatchKeys()) {
    const std::string comma = results.empty() ? "" : ",";
    results += comma + '"' + key + R"(":)" + ResultText(789);
    times += comma + '"' + key + R"(":)" + kTime;
  }
  return R"({"result":{"result":{)" + results +
         R"(},"result_error":[],"result_total":[],"result_next":[],"result_time":{)" + times + R"(}},"time":)" + kTime +
         "}";
}

void Copying(benchmark::State& state, const std::string& bytes) {
  std::vector<char> to(bytes.size());
  for (auto _ : state) {
    std::memcpy(to.data(), bytes.data(), bytes.size());
    benchmark::DoNotOptimize(to.data());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(bytes.size()));
}

void EncodeSend(benchmark::State& state) {
  size_t bytes = 0;
  for (auto _ : state) {
    const std::string body = EncodeJson(SendMethod(), SendRequest(), kIdentity);
    bytes += body.size();
    benchmark::DoNotOptimize(body.data());
  }
  state.SetBytesProcessed(static_cast<int64_t>(bytes));
}
BENCHMARK(EncodeSend);

void CopySend(benchmark::State& state) {
  Copying(state, EncodeJson(SendMethod(), SendRequest(), kIdentity));
}
BENCHMARK(CopySend);

void EncodeSendForABatch(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(EncodeBatchCommand(SendMethod(), SendRequest(), kIdentity));
}
BENCHMARK(EncodeSendForABatch);

void ValidateSend(benchmark::State& state) {
  for (auto _ : state) {
    if (!Validate(SendMethod(), SendRequest()).ok()) std::abort();
  }
}
BENCHMARK(ValidateSend);

// What every call needs before it is sent.
void ValidateAndEncodeSend(benchmark::State& state) {
  for (auto _ : state) {
    if (!Validate(SendMethod(), SendRequest()).ok()) std::abort();
    benchmark::DoNotOptimize(EncodeJson(SendMethod(), SendRequest(), kIdentity));
  }
}
BENCHMARK(ValidateAndEncodeSend);

void DecodeReply(benchmark::State& state) {
  const std::string body = SingleReply();
  ReplyParser parser;
  for (auto _ : state) {
    const ParsedReply reply = parser.Parse(200, kJson, body, SendMethod().name(), "acme");
    auto response = DecodeResult(SendMethod(), reply.result, reply.next, reply.total);
    if (!response.ok()) std::abort();
    benchmark::DoNotOptimize(response->get());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(body.size()));
}
BENCHMARK(DecodeReply);

void CopyReply(benchmark::State& state) {
  Copying(state, SingleReply());
}
BENCHMARK(CopyReply);

void DecodeBatchOf50(benchmark::State& state) {
  const std::string body = BatchReplyText();
  const std::vector<std::string> keys = BatchKeys();
  std::vector<BatchCommand> commands;
  for (const std::string& key : keys) commands.push_back({key, SendMethod().name()});
  ReplyParser parser;
  for (auto _ : state) {
    const BatchReply batch = parser.ParseBatch(200, kJson, body, commands, "acme");
    for (const ParsedReply& answer : batch.answers) {
      auto response = DecodeResult(SendMethod(), answer.result, answer.next, answer.total);
      if (!response.ok()) std::abort();
      benchmark::DoNotOptimize(response->get());
    }
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(body.size()));
}
BENCHMARK(DecodeBatchOf50);

void CopyBatchOf50(benchmark::State& state) {
  Copying(state, BatchReplyText());
}
BENCHMARK(CopyBatchOf50);

}  // namespace
}  // namespace imbot::translate

BENCHMARK_MAIN();
