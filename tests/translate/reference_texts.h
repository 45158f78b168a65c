// Texts with dollars and brackets: what a portal replaces inside a batch, and what it leaves alone.
#ifndef IMBOT_TESTS_TRANSLATE_REFERENCE_TEXTS_H_
#define IMBOT_TESTS_TRANSLATE_REFERENCE_TEXTS_H_

#include <string>
#include <vector>

namespace imbot::reference_texts {

// Texts that a portal replaces, or may (WIRE_FACTS 2.1; settings/how-to-call-rest-api/batch.md).
inline const std::vector<std::string> kReferences = {
    "$result[a]",
    "$result[a][b]",
    "$result[get_user][NAME]",
    "$result[0]",
    "$result[0][ID]",
    "$RESULT[x]",
    "$Result[cmd][id]",
    "$error[a]",
    "$error[a][error_description]",
    "$total[users]",
    "$next[users]",
    "$time[a][duration]",
    "$error_description[x]",
    "$argument[0]",
    "$signature[a]",
    "$_[a]",
    "$a[b]",
    "before $result[a][b] after",
    "before$result[a]after",
    "$result[a]xyz",
    "$result.a[b]",
    "$resultxyz[k]",
    "$result->x[k]",
    "$результат$result[a]",
    "price $100, then $result[k]",
    "$result[][a]",
    "$result[[a]",
    "$result]][a]",
    "$$result[a]",
    "$100$result[a]",
    "line one\n$result[a]\nline three",
    "\t$result[a]",
    "[b]$result[a][/b]",
    "$result[Ивана]",
    "$result[a b]$result[c]",
    "$foo$bar[b]",
    "$x\xC2\xA0[a]",  // a no-break space is none to a match on bytes
    "$total=[5]",
    "[b]$name[/b]",
    "[url=https://example.com/?q=$q]link[/url]",
};

// Dollars and brackets that refer to nothing.
inline const std::vector<std::string> kHarmless = {
    "",
    "$",
    "$$",
    "$100",
    "$100 [b]bold[/b]",
    "$5[a]",
    "$[a]",
    "$ result[a]",
    "$result",
    "$result []",
    "$result[]",
    "$result[",
    "$result]",
    "$result[a",
    "$result a[b]",
    "$result[a b]",
    "$result[ a]",
    "$result[a\n]",
    "$result [a]",
    "$result\t[a]",
    "$result\n[a]",
    "$result\v[a]",
    "result[a][b]",
    "[a]$result",
    "[url=https://example.com/?q=$9]link[/url] costs $9",
    "US$ [5]",
    "$-result[a]",
    "$ [b]100[/b]",
    "$100[sale]",
    "Total: 100$[1]",
    "$результат[a]",
    "$.a[0]",
    "${name}[0]",
    "$(ls)[0]",
    "price in $, see [1]",
    "$x and [y]",
    "$x [y] $z",
    "$[$[$[",
    "$a]b[c",
    "100 $ [USER=5]Anna[/USER]",
};

}  // namespace imbot::reference_texts

#endif  // IMBOT_TESTS_TRANSLATE_REFERENCE_TEXTS_H_
