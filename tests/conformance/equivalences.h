// Where what the gateway sends or returns may differ from an example of the documentation: the closed list, with the
// reason of each. A difference that is not here is a failure; an entry that no example needs is one too.
#ifndef IMBOT_TESTS_CONFORMANCE_EQUIVALENCES_H_
#define IMBOT_TESTS_CONFORMANCE_EQUIVALENCES_H_

#include <map>
#include <ostream>
#include <span>
#include <string>
#include <string_view>

namespace imbot::conformance {

enum class Equivalence {
  // Requests.
  kIdentity,
  kTemplateId,
  kFullForm,
  kListOfOne,
  kNotBase64,
  kNoBody,
  // Responses: not returned.
  kTime,
  kAuth,
  kDownloadUrl,
  kZone,
  // Responses: in another form.
  kBooleanText,
  kNull,
  kFalse,
  kWrapped,
  kMapById,
};

struct EquivalenceRow {
  Equivalence equivalence;
  std::string_view name;
  std::string_view reason;
};

// Of requests, read and encoded again.
inline constexpr EquivalenceRow kCodecRequests[] = {
    {Equivalence::kIdentity, "identity", "BOT_ID, botId, botToken and CLIENT_ID are the gateway's to fill in"},
    {Equivalence::kFullForm, "full form",
     "a bare list of buttons, blocks or items is sent as keyboard, attachment or menu with that list inside"},
    {Equivalence::kListOfOne, "list of one", "IMAGE, GRID and FILE hold one object or a list; the list is sent"},
    {Equivalence::kNotBase64, "not base64", "the page says only that base64 belongs there: that of 8 bytes is sent"},
    {Equivalence::kNoBody, "no body", "a call without parameters is sent as an empty object"},
};
// What the gateway as a whole does beside that.
inline constexpr EquivalenceRow kGatewayRequests[] = {
    {Equivalence::kTemplateId, "templateId", "made by the gateway, so that the portal recognises a repeat"},
};
inline constexpr EquivalenceRow kResponses[] = {
    {Equivalence::kTime, "time", "goes to trailers"},
    {Equivalence::kDownloadUrl, "downloadUrl", "holds a secret; the bytes behind it are streamed instead"},
    {Equivalence::kZone, "zone", "a date is an instant, whatever zone it was written in"},
    {Equivalence::kBooleanText, "Y/N", "a boolean is one, however it was written"},
    {Equivalence::kNull, "null", "null is not there"},
    {Equivalence::kFalse, "false", "false where a text, a time, a list or an object belongs is not there"},
    {Equivalence::kWrapped, "wrapped", "{\"result\": true} is true"},
    {Equivalence::kMapById, "map by id", "a map by the id that each item repeats is a list"},
};
// Of the data of events, which arrive as items of Event.get.
inline constexpr EquivalenceRow kEvents[] = {
    {Equivalence::kAuth, "auth", "tokens of the bot or of the acting user"},
    {Equivalence::kZone, "zone", "a date is an instant, whatever zone it was written in"},
    {Equivalence::kBooleanText, "Y/N", "a boolean is one, however it was written"},
    {Equivalence::kNull, "null", "null is not there"},
    {Equivalence::kFalse, "false", "false where a text, a time, a list or an object belongs is not there"},
};

// How often each was needed.
class Uses {
 public:
  void Note(Equivalence equivalence) { ++counts_[equivalence]; }
  int Of(Equivalence equivalence) const {
    const auto it = counts_.find(equivalence);
    return it == counts_.end() ? 0 : it->second;
  }
  // One line for each row; false if one was not needed, or one was needed that is no row.
  bool Print(std::span<const EquivalenceRow> rows, std::ostream& out) const {
    size_t needed = 0;
    bool good = true;
    for (const EquivalenceRow& row : rows) {
      const int count = Of(row.equivalence);
      out << "  " << count << " x " << row.name << ": " << row.reason << (count == 0 ? "  <- NOT NEEDED" : "") << "\n";
      good = good && count > 0;
      needed += count > 0;
    }
    if (needed != counts_.size()) out << "  an equivalence was used that is not on the list\n";
    return good && needed == counts_.size();
  }

 private:
  std::map<Equivalence, int> counts_;
};

}  // namespace imbot::conformance

#endif  // IMBOT_TESTS_CONFORMANCE_EQUIVALENCES_H_
