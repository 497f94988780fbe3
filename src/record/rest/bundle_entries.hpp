#pragma once

#include "record/rest/handlers.hpp"
#include "record/transact/rewrite.hpp"
#include "record/validate/parse.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The entries of a Bundle as changes of one Work (R4 http.html section 3.1.0.11): read, found out what each is about, and put into the
/// work in the order of the standard. Handler threads, and those of imports.
namespace qiao::record {

enum class Verb : std::uint8_t { del, post, put, patch, get };

/// One entry of the request, and what became of it.
struct Entry {
    Verb verb = Verb::get;
    std::string full_url;
    std::string url;
    std::string type;   ///< of the URL
    std::string id;     ///< of the URL, or made for a POST
    std::string query;  ///< behind '?', or If-None-Exist of a POST
    std::string if_match;
    std::string if_none_match;
    std::string_view resource;
    bool is_fresh = false;  ///< its id was made for it just now
    bool matched = false;  ///< a conditional create that found its resource: nothing is written
    std::optional<Stored> existing;

    [[nodiscard]] std::string reference() const { return type + "/" + id; }
};

/// The plain text of a JSON string member; empty when there is none.
std::string text_member(std::string_view json, std::string_view key);

/// They point into `bundle`. Error(invalid, "record.bad_bundle") names the entry.
std::vector<Entry> entries_of(const ParsedResource& bundle);

/// check_may_write() of every entry that is no read: first of all, so that no condition is searched for who may not write.
void check_may_write(const Api& api, const Caller& caller, const std::vector<Entry>& entries);

/// Finds out, before anything is written, which resource each entry is about. A POST without an id gets one.
void resolve(const Api& api, const Caller& caller, Work& work, std::vector<Entry>& entries);

/// What the full URLs of the entries stand for.
Renamed renamed_by(const std::vector<Entry>& entries);

/// Puts the changes of resolved entries into the work.
void gather(const Api& api, const Caller& caller, Work& work, const std::vector<Entry>& entries, const Renamed& names);

}  // namespace qiao::record
