// What the program's exit code says, so that scripts need not read texts. Documented in imbot.1.
#ifndef IMBOT_CLIENT_LIB_CLI_EXIT_CODE_H_
#define IMBOT_CLIENT_LIB_CLI_EXIT_CODE_H_

namespace imbot::cli {

enum ExitCode : int {
  kDone = 0,
  kFailed = 1,          // anything else: a file that can't be written, an answer that makes no sense
  kUsage = 2,           // the command line or its JSON is wrong; nothing was sent
  kCallerError = 3,     // the gateway or the portal found the request wrong: mend it
  kRefused = 4,         // who asks may not: token, certificate, policy
  kPrecondition = 5,    // somebody else must act first: the operator, or whoever runs the portal
  kNotExecuted = 6,     // nothing was done, and repeating helps, perhaps after a delay
  kUnknownOutcome = 7,  // it may have been done
  kExecuted = 8,        // it was done, only its result is not to be had
  kNoGateway = 9,       // no gateway was reached; nothing was sent
  kInterrupted = 130,   // Ctrl-C: the text says what is known of the outcome
};

}  // namespace imbot::cli

#endif  // IMBOT_CLIENT_LIB_CLI_EXIT_CODE_H_
