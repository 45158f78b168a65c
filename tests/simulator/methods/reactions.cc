#include "tests/simulator/methods/reactions.h"

#include <algorithm>
#include <array>

#include "tests/simulator/methods/notify.h"

namespace simulator {
namespace {

// Page imbot.v2/messages/chat-message-reaction-add.md.
constexpr std::array<std::string_view, 48> kReactions = {"like",
                                                         "dislike",
                                                         "faceWithTearsOfJoy",
                                                         "redHeart",
                                                         "neutralFace",
                                                         "fire",
                                                         "cry",
                                                         "slightlySmilingFace",
                                                         "winkingFace",
                                                         "laugh",
                                                         "kiss",
                                                         "wonder",
                                                         "slightlyFrowningFace",
                                                         "loudlyCryingFace",
                                                         "faceWithStuckOutTongue",
                                                         "faceWithStuckOutTongueAndWinkingEye",
                                                         "smilingFaceWithSunglasses",
                                                         "confusedFace",
                                                         "flushedFace",
                                                         "thinkingFace",
                                                         "angry",
                                                         "smilingFaceWithHorns",
                                                         "faceWithThermometer",
                                                         "facepalm",
                                                         "poo",
                                                         "flexedBiceps",
                                                         "clappingHands",
                                                         "raisedHand",
                                                         "smilingFaceWithHeartEyes",
                                                         "smilingFaceWithHearts",
                                                         "pleadingFace",
                                                         "relievedFace",
                                                         "foldedHands",
                                                         "okHand",
                                                         "signHorns",
                                                         "loveYouGesture",
                                                         "clownFace",
                                                         "partyingFace",
                                                         "questionMark",
                                                         "exclamationMark",
                                                         "lightBulb",
                                                         "bomb",
                                                         "sleepingSymbol",
                                                         "crossMark",
                                                         "whiteHeavyCheckMark",
                                                         "eyes",
                                                         "handshake",
                                                         "hundredPoints"};
}  // namespace

bool IsReaction(std::string_view code) {
  return std::find(kReactions.begin(), kReactions.end(), code) != kReactions.end();
}

bool SetReaction(Portal& portal, Message* message, int64_t user_id, const std::string& reaction) {
  const auto before = message->reactions.find(user_id);
  if (before != message->reactions.end() && before->second == reaction) return false;
  message->reactions[user_id] = reaction;
  NotifyReaction(portal, *message, user_id, reaction, /*added=*/true);
  return true;
}

bool RemoveReaction(Portal& portal, Message* message, int64_t user_id, const std::string& reaction) {
  const auto before = message->reactions.find(user_id);
  if (before == message->reactions.end() || before->second != reaction) return false;
  message->reactions.erase(before);
  NotifyReaction(portal, *message, user_id, reaction, /*added=*/false);
  return true;
}

}  // namespace simulator
