// Calls over a real socket, through the whole rpc layer, with a handler that the test plays.
#include "service/rpc/method_route.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "google/rpc/error_details.pb.h"
#include "service/base/strings.h"
#include "tests/rpc/rpc_harness.h"

namespace imbot::rpc_test {
namespace {

using imbot::test::v1::EchoRequest;
using imbot::test::v1::EchoResponse;
using rpc::Call;
using rpc::CallInfo;
using rpc::Reply;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

std::string EchoBytes(const std::string& text) {
  EchoRequest request;
  request.set_some_text(text);
  return request.SerializeAsString();
}

double Milliseconds(base::Duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

TEST(MethodRoute, CarriesACallToItsHandlerAndBack) {
  Harness harness;
  PendingCall pending(harness.Connect(), kEcho, [] {
    EchoRequest request;
    request.set_bot("acme/support");
    request.set_some_text("привет");
    request.set_chat_id(int64_t{1} << 60);
    return request.SerializeAsString();
  }());
  const auto held = harness.handler.TakeCall();
  EXPECT_EQ(held->call.method, harness.methods().FindByRpcPath(kEcho));
  EXPECT_EQ(held->call.method->name(), "imbot.test.echo");
  const auto& request = dynamic_cast<const EchoRequest&>(*held->call.request);
  EXPECT_EQ(request.bot(), "acme/support");
  EXPECT_EQ(request.some_text(), "привет");
  EXPECT_EQ(request.chat_id(), int64_t{1} << 60);
  EXPECT_EQ(held->call.caller.name, "anonymous");
  EXPECT_EQ(held->call.idempotency_key, "");
  EXPECT_EQ(held->call.priority, rpc::Priority::kInteractive);
  EXPECT_THAT(held->call.request_id, MatchesRegex("[0-9a-f]{32}"));

  auto response = std::make_unique<EchoResponse>();
  response->set_some_text("ответ");
  held->reply.Answer(absl::OkStatus(), std::move(response), {});
  const Result& result = pending.Wait();
  ASSERT_TRUE(result.status.ok()) << result.status.error_message();
  EchoResponse got;
  ASSERT_TRUE(got.ParseFromString(result.body));
  EXPECT_EQ(got.some_text(), "ответ");
  EXPECT_EQ(result.Trailer("x-imbot-call"), "request-id=\"" + held->call.request_id + "\"")
      << "nothing else is known of this call";
  EXPECT_EQ(result.trailers.size(), 1u);
}

TEST(MethodRoute, ServesEveryUnaryMethodOfTheTable) {
  Harness harness;
  harness.handler.Play(PlayedHandler::Echo);
  const auto channel = harness.Connect();
  int unary = 0;
  for (const auto& method : harness.methods().methods()) {
    if (method->streaming()) continue;
    const Result result = CallBytes(channel, method->rpc_path, "");
    ++unary;
    EXPECT_TRUE(result.status.ok()) << method->rpc_path << ": " << result.status.error_message();
  }
  EXPECT_GE(unary, 20);
}

TEST(MethodRoute, CountsMethodsThatDoNotExistUnderOneLabel) {
  Harness harness;
  const auto channel = harness.Connect();
  EXPECT_EQ(CallBytes(channel, "/no.such.Service/A\"b\n", "").Reason(), "RPC_UNKNOWN");
  EXPECT_EQ(CallBytes(channel, "/imbot.test.v1.EchoService/Nothing", "").Reason(), "RPC_UNKNOWN");
  EXPECT_THAT(harness.metrics.Expose(),
              HasSubstr("imbot_rpc_total{code=\"UNIMPLEMENTED\",method=\"unknown\",reason=\"RPC_UNKNOWN\"} 2\n"));
  EXPECT_EQ(harness.Lines("\"rpc\":\"/no.such.Service/A?b?\"").size(), 1u);
}

TEST(MethodRoute, ReadsTheCallsMetadata) {
  Harness harness;
  PendingCall pending(harness.Connect(), kEcho, "", [](grpc::ClientContext& context) {
    context.AddMetadata("idempotency-key", "order-17");
    context.AddMetadata("x-imbot-priority", "bulk");
    context.AddMetadata("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  });
  const auto held = harness.handler.TakeCall();
  EXPECT_EQ(held->call.idempotency_key, "order-17");
  EXPECT_EQ(held->call.priority, rpc::Priority::kBulk);
  held->reply.Answer(absl::OkStatus(), std::make_unique<EchoResponse>(), {});
  ASSERT_TRUE(pending.Wait().status.ok());
  const std::string line = harness.WaitForLine("\"event\":\"rpc\"");
  EXPECT_THAT(line, HasSubstr("\"trace_id\":\"4bf92f3577b34da6a3ce929d0e0e4736\""));
  EXPECT_THAT(line, HasSubstr("\"priority\":\"bulk\""));
  EXPECT_THAT(line, Not(HasSubstr("order-17")));
}

TEST(MethodRoute, RefusesMetadataThatIsWrong) {
  Harness harness;
  const Result result = CallEcho(harness.Connect(), "x", [](grpc::ClientContext& context) {
    context.AddMetadata("idempotency-key", "two words");
    context.AddMetadata("x-imbot-priority", "urgent");
  });
  EXPECT_EQ(result.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(result.Reason(), "VALIDATION_FAILED");
  EXPECT_EQ(result.Metadata("outcome"), "NOT_EXECUTED");
  google::rpc::BadRequest bad_request;
  ASSERT_TRUE(result.details.details(1).UnpackTo(&bad_request));
  EXPECT_EQ(bad_request.field_violations_size(), 2);
}

TEST(MethodRoute, RefusesBytesThatAreNotTheMessage) {
  Harness harness;
  const auto channel = harness.Connect();
  // Field 2, a text of 5 bytes of which one is there; field 2, a text that is not UTF-8; a tag with field number 0.
  for (const std::string& bytes : {std::string("\x12\x05x"), std::string("\x12\x01\xff"), std::string("\x00\x00", 2)}) {
    const Result result = CallBytes(channel, kEcho, bytes);
    EXPECT_EQ(result.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_EQ(result.Reason(), "MALFORMED_REQUEST");
    EXPECT_THAT(result.status.error_message(), HasSubstr("imbot.test.v1.EchoRequest"));
  }
}

TEST(MethodRoute, RefusesARequestOverTheLimitAndTakesOneAtIt) {
  HarnessOptions options;
  options.limits.max_request_bytes = 100;
  Harness harness(std::move(options));
  harness.handler.Play(PlayedHandler::Echo);
  const auto channel = harness.Connect();
  ASSERT_EQ(EchoBytes(std::string(98, 'x')).size(), 100u);
  EXPECT_TRUE(CallBytes(channel, kEcho, EchoBytes(std::string(98, 'x'))).status.ok());
  const Result result = CallBytes(channel, kEcho, EchoBytes(std::string(99, 'x')));
  EXPECT_EQ(result.status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(result.Reason(), "REQUEST_TOO_LARGE");
  EXPECT_EQ(result.Metadata("outcome"), "NOT_EXECUTED");
}

TEST(MethodRoute, NeverReadsARequestFarOverTheLimit) {
  HarnessOptions options;
  options.max_receive_bytes = 1000;
  Harness harness(std::move(options));
  harness.handler.Play(PlayedHandler::Echo);
  const auto channel = harness.Connect();
  EXPECT_EQ(CallBytes(channel, kEcho, EchoBytes(std::string(2000, 'x'))).status.error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(CallEcho(channel, "x").status.ok()) << "the connection goes on";
}

TEST(MethodRoute, TellsThatACallWasExecutedWhoseResponseIsTooLarge) {
  HarnessOptions options;
  options.limits.max_response_bytes = 100;
  Harness harness(std::move(options));
  harness.handler.Play(PlayedHandler::Echo);
  const auto channel = harness.Connect();
  EXPECT_TRUE(CallEcho(channel, std::string(98, 'x')).status.ok());
  const Result result = CallEcho(channel, std::string(99, 'x'));
  EXPECT_EQ(result.status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(result.Reason(), "RESPONSE_TOO_LARGE");
  EXPECT_EQ(result.Metadata("outcome"), "EXECUTED");
}

TEST(MethodRoute, AsksCallersForTheirTokens) {
  HarnessOptions options;
  options.callers = *rpc::CallerSet::Create({{{"billing", false}, kTokenSha256}, {{"admin", true}, kOtherTokenSha256}});
  Harness harness(std::move(options));
  const auto channel = harness.Connect();
  const Result missing = CallEcho(channel, "x");
  EXPECT_EQ(missing.status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(missing.Reason(), "CALLER_TOKEN_MISSING");
  const Result wrong = CallEcho(
      channel, "x", [](grpc::ClientContext& context) { context.AddMetadata("authorization", "Bearer canary-3f9a"); });
  EXPECT_EQ(wrong.status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(wrong.Reason(), "CALLER_TOKEN_WRONG");
  EXPECT_EQ(wrong.details.details(0).type_url(), "type.googleapis.com/google.rpc.ErrorInfo");
  EXPECT_THAT(wrong.details.DebugString(), Not(HasSubstr("canary")));

  PendingCall pending(channel, kEcho, "", [](grpc::ClientContext& context) {
    context.AddMetadata("authorization", base::StrCat("Bearer ", kOtherToken));
  });
  const auto held = harness.handler.TakeCall();
  EXPECT_EQ(held->call.caller.name, "admin");
  EXPECT_TRUE(held->call.caller.raw_allowed);
  held->reply.Answer(absl::OkStatus(), std::make_unique<EchoResponse>(), {});
  EXPECT_TRUE(pending.Wait().status.ok());
  EXPECT_THAT(harness.WaitForLine("\"code\":\"OK\""), HasSubstr("\"caller\":\"admin\""));
  EXPECT_EQ(harness.Lines("canary").size(), 0u);
  EXPECT_EQ(harness.Lines(kOtherToken).size(), 0u);
}

TEST(MethodRoute, TakesNewCallersWhileItRuns) {
  Harness harness;
  harness.handler.Play(PlayedHandler::Echo);
  const auto channel = harness.Connect();
  EXPECT_TRUE(CallEcho(channel, "x").status.ok());
  harness.callers().Replace(*rpc::CallerSet::Create({{{"billing", false}, kTokenSha256}}));
  EXPECT_EQ(CallEcho(channel, "x").Reason(), "CALLER_TOKEN_MISSING");
  EXPECT_TRUE(CallEcho(channel, "x", [](grpc::ClientContext& context) {
                context.AddMetadata("authorization", "Bearer abc");
              }).status.ok());
}

TEST(MethodRoute, GivesACallWithoutADeadlineTheDefaultOne) {
  HarnessOptions options;
  options.limits.default_deadline = milliseconds(7'000);
  Harness harness(std::move(options));
  PendingCall pending(harness.Connect(), kEcho, "", [](grpc::ClientContext& context) {
    context.set_deadline(std::chrono::system_clock::time_point::max());
  });
  const auto held = harness.handler.TakeCall();
  EXPECT_EQ(held->call.deadline - held->call.arrived_at, milliseconds(7'000));
}

TEST(MethodRoute, CutsADeadlineToTheLongestAllowed) {
  HarnessOptions options;
  options.limits.max_deadline = milliseconds(20'000);
  Harness harness(std::move(options));
  PendingCall pending(harness.Connect(), kEcho, "", [](grpc::ClientContext& context) {
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::hours(1));
  });
  const auto held = harness.handler.TakeCall();
  EXPECT_EQ(held->call.deadline - held->call.arrived_at, milliseconds(20'000));
}

TEST(MethodRoute, KeepsAShorterDeadlineOfTheCaller) {
  Harness harness;
  PendingCall pending(harness.Connect(), kEcho, "", [](grpc::ClientContext& context) {
    context.set_deadline(std::chrono::system_clock::now() + seconds(10));
  });
  const auto held = harness.handler.TakeCall();
  // The way here takes time off it; gRPC rounds what it sends, up to hundredths of the value.
  EXPECT_LE(Milliseconds(held->call.deadline - held->call.arrived_at), 10'200);
  EXPECT_GE(Milliseconds(held->call.deadline - held->call.arrived_at), 5'000);
}

TEST(MethodRoute, PassesAnErrorOnWithItsDetailsAndTrailers) {
  Harness harness;
  PendingCall pending(harness.Connect(), kEcho, "");
  const auto held = harness.handler.TakeCall();
  CallInfo info;
  info.portal = "acme";
  info.bot = "acme/support";
  info.queued = std::chrono::microseconds(2'500);
  info.portal_time = std::chrono::microseconds(40'000);
  info.operating = 1.5;
  info.operating_reset_at = 1767226200;
  info.batch_size = 3;
  info.attempts = 2;
  held->reply.Answer(base::Error(absl::StatusCode::kResourceExhausted, "OPERATION_TIME_LIMIT", "Метод заблокирован")
                         .Domain(base::kBitrixDomain)
                         .Metadata("code", "OPERATION_TIME_LIMIT")
                         .RetryAfter(seconds(3))
                         .Build(),
                     nullptr, info);
  const Result& result = pending.Wait();
  EXPECT_EQ(result.status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(result.status.error_message(), "Метод заблокирован");
  EXPECT_EQ(result.details.code(), 8);
  EXPECT_EQ(result.details.message(), "Метод заблокирован");
  EXPECT_EQ(result.Reason(), "OPERATION_TIME_LIMIT");
  EXPECT_EQ(result.Metadata("code"), "OPERATION_TIME_LIMIT");
  EXPECT_EQ(result.Metadata("outcome"), "NOT_EXECUTED");
  EXPECT_EQ(result.Metadata("method"), "imbot.test.echo");
  EXPECT_EQ(result.Metadata("portal"), "acme");
  EXPECT_EQ(result.Metadata("request_id"), held->call.request_id);
  google::rpc::RetryInfo retry;
  ASSERT_TRUE(result.details.details(1).UnpackTo(&retry));
  EXPECT_EQ(retry.retry_delay().seconds(), 3);
  EXPECT_EQ(result.Trailer("x-imbot-call"),
            "request-id=\"" + held->call.request_id +
                "\", queued-ms=2.500, portal-duration-ms=40.000, operating-ms=1500.000, operating-reset-at=1767226200, "
                "batch-size=3");
  const std::string line = harness.WaitForLine("\"event\":\"rpc\"");
  for (const char* part : {"\"rpc\":\"/imbot.test.v1.EchoService/Echo\"", "\"method\":\"imbot.test.echo\"",
                           "\"portal\":\"acme\"", "\"bot\":\"acme/support\"", "\"code\":\"RESOURCE_EXHAUSTED\"",
                           "\"reason\":\"OPERATION_TIME_LIMIT\"", "\"outcome\":\"NOT_EXECUTED\"", "\"queued_ms\":2.5",
                           "\"portal_ms\":40", "\"attempts\":2", "\"batch_size\":3"}) {
    EXPECT_THAT(line, HasSubstr(part));
  }
}

TEST(MethodRoute, GetsAnErrorWithVeryManyViolationsThroughAClientsDefaultLimits) {
  Harness harness;
  PendingCall pending(harness.Connect(), kEcho, "");
  const auto held = harness.handler.TakeCall();
  base::Error error(absl::StatusCode::kInvalidArgument, "VALIDATION_FAILED", "the request is not valid");
  for (int i = 0; i < 2000; ++i) error.Violation(base::StrCat("fields.keyboard[", i, "].TEXT"), "обязательное поле");
  CallInfo info;
  info.portal = std::string(60, 'p');
  held->reply.Answer(error.Build(), nullptr, info);
  const Result& result = pending.Wait();
  EXPECT_EQ(result.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << result.status.error_message();
  EXPECT_EQ(result.Reason(), "VALIDATION_FAILED");
}

TEST(MethodRoute, AnswersACallThatItsHandlerDropped) {
  Harness harness;
  harness.handler.Play([](Call, Reply) { return nullptr; });
  const Result result = CallEcho(harness.Connect(), "x");
  EXPECT_EQ(result.status.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_EQ(result.Reason(), "INTERNAL");
  EXPECT_EQ(result.Metadata("outcome"), "UNKNOWN");
}

TEST(MethodRoute, HidesTheTextOfAnErrorNobodyVouchesFor) {
  Harness harness;
  harness.handler.Play([](Call, Reply reply) {
    reply.Answer(absl::InternalError("canary-3f9a"), nullptr, {});
    return nullptr;
  });
  const Result result = CallEcho(harness.Connect(), "x");
  EXPECT_EQ(result.Reason(), "INTERNAL");
  EXPECT_THAT(result.status.error_message(), Not(HasSubstr("canary")));
  EXPECT_EQ(harness.Lines("canary").size(), 0u);
}

TEST(MethodRoute, TreatsSuccessWithoutAResponseAsADefect) {
  Harness harness;
  harness.handler.Play([](Call, Reply reply) {
    reply.Answer(absl::OkStatus(), nullptr, {});
    return nullptr;
  });
  EXPECT_EQ(CallEcho(harness.Connect(), "x").status.error_code(), grpc::StatusCode::INTERNAL);
}

TEST(MethodRoute, FreesACallWhoseCallerCancels) {
  Harness harness;
  PendingCall pending(harness.Connect(), kEcho, "");
  auto held = harness.handler.TakeCall();
  EXPECT_EQ(harness.gate().inside(), 1);
  pending.Cancel();
  EXPECT_EQ(pending.Wait().status.error_code(), grpc::StatusCode::CANCELLED);
  harness.handler.WaitForCancels(1);
  harness.gate().Close();
  EXPECT_TRUE(harness.gate().WaitUntilEmpty(base::Clock::System().Now() + seconds(60)))
      << "the rpc ends without the handler's answer";
  EXPECT_THAT(harness.metrics.Expose(), HasSubstr("imbot_rpc_in_flight 0\n"));
  EXPECT_THAT(
      harness.metrics.Expose(),
      HasSubstr("code=\"CANCELLED\",method=\"/imbot.test.v1.EchoService/Echo\",reason=\"CANCELLED_BY_CALLER\"} 1\n"));
  EXPECT_EQ(harness.Lines("\"event\":\"rpc\"").size(), 0u) << "the line waits for what became of the call";

  CallInfo info;
  info.portal = "acme";
  held->reply.Answer(base::Error(absl::StatusCode::kCancelled, "CANCELLED_BY_CALLER", "sent before")
                         .SetOutcome(base::Outcome::kUnknown)
                         .Build(),
                     nullptr, info);
  const std::string line = harness.WaitForLine("\"event\":\"rpc\"");
  EXPECT_EQ(harness.Lines("\"event\":\"rpc\"").size(), 1u);
  for (const char* part : {"\"code\":\"CANCELLED\"", "\"reason\":\"CANCELLED_BY_CALLER\"", "\"outcome\":\"UNKNOWN\"",
                           "\"portal\":\"acme\""}) {
    EXPECT_THAT(line, HasSubstr(part));
  }
}

TEST(MethodRoute, FreesACallWhoseDeadlinePasses) {
  Harness harness;
  PendingCall pending(harness.Connect(), kEcho, "", [](grpc::ClientContext& context) {
    context.set_deadline(std::chrono::system_clock::now() + milliseconds(200));
  });
  auto held = harness.handler.TakeCall();
  EXPECT_EQ(pending.Wait().status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  harness.handler.WaitForCancels(1);
  harness.gate().Close();
  EXPECT_TRUE(harness.gate().WaitUntilEmpty(base::Clock::System().Now() + seconds(60)));
  held.reset();
  harness.WaitForLine("\"event\":\"rpc\"");
  EXPECT_EQ(harness.Lines("\"event\":\"rpc\"").size(), 1u);
  EXPECT_EQ(harness.Lines("\"code\":\"DEADLINE_EXCEEDED\"").size(), 1u);
}

TEST(MethodRoute, TakesAnAnswerThatComesAfterTheServerHasGone) {
  Harness harness;
  PendingCall pending(harness.Connect(), kEcho, "");
  auto held = harness.handler.TakeCall();
  harness.StopServer();
  EXPECT_FALSE(pending.Wait().status.ok());
  EXPECT_EQ(harness.handler.cancels(), 1);
  held->reply.Answer(absl::OkStatus(), std::make_unique<EchoResponse>(), {});
  EXPECT_EQ(harness.Lines("\"event\":\"rpc\"").size(), 1u);
}

TEST(MethodRoute, SurvivesAnswersThatRaceWithCancellations) {
  Harness harness;
  std::thread answerer([&harness] {
    for (bool last = false; !last;) {
      const auto held = harness.handler.TakeCall();
      last = dynamic_cast<const EchoRequest&>(*held->call.request).some_text() == "last";
      held->reply.Answer(absl::OkStatus(), std::make_unique<EchoResponse>(), {});
    }
  });
  const auto channel = harness.Connect();
  int ok = 0, cancelled = 0, others = 0;
  for (int i = 0; i < 400; ++i) {
    PendingCall pending(channel, kEcho, "");
    if (i % 4 == 1) pending.Cancel();  // most likely before the call gets there
    if (i % 4 == 3) {                  // while it is being answered
      for (int spins = 0; spins < 1000 && harness.gate().inside() == 0; ++spins) std::this_thread::yield();
      pending.Cancel();
    }
    switch (pending.Wait().status.error_code()) {
      case grpc::StatusCode::OK:
        ++ok;
        break;
      case grpc::StatusCode::CANCELLED:
        ++cancelled;
        break;
      default:
        ++others;
    }
  }
  EXPECT_TRUE(CallEcho(channel, "last").status.ok());
  answerer.join();
  EXPECT_GE(ok, 200);
  EXPECT_GT(cancelled, 0);
  EXPECT_EQ(others, 0);
  harness.gate().Close();
  EXPECT_TRUE(harness.gate().WaitUntilEmpty(base::Clock::System().Now() + seconds(60)));
  EXPECT_THAT(harness.metrics.Expose(), HasSubstr("imbot_rpc_in_flight 0\n"));
}

TEST(MethodRoute, HoldsTwoHundredCallsAtOnceWithoutAThreadForEach) {
  Harness harness;
  const auto channel = harness.Connect();
  std::vector<std::unique_ptr<PendingCall>> pending;
  for (int i = 0; i < 200; ++i)
    pending.push_back(std::make_unique<PendingCall>(channel, kEcho, EchoBytes(base::StrCat(i))));
  std::vector<std::unique_ptr<HeldCall>> held;
  for (int i = 0; i < 200; ++i) held.push_back(harness.handler.TakeCall());
  EXPECT_EQ(harness.gate().inside(), 200);
  EXPECT_THAT(harness.metrics.Expose(), HasSubstr("imbot_rpc_in_flight 200\n"));
  std::vector<std::thread> threads;
  for (size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&held, t] {
      for (size_t i = t; i < held.size(); i += 4)
        PlayedHandler::Echo(std::move(held[i]->call), std::move(held[i]->reply));
    });
  }
  for (auto& thread : threads) thread.join();
  for (int i = 0; i < 200; ++i) {
    const Result& result = pending[static_cast<size_t>(i)]->Wait();
    ASSERT_TRUE(result.status.ok()) << result.status.error_message();
    EXPECT_EQ(result.body, EchoBytes(base::StrCat(i)).replace(0, 1, "\x0a"))
        << "field 1 of the response is field 2 of the request";
  }
}

}  // namespace
}  // namespace imbot::rpc_test
