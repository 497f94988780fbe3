#pragma once

#include "flow/case.hpp"
#include "storage/writer.hpp"

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The tables of `flow`. Reading functions take any connection, also one inside the writer's transaction; writing ones run
/// on the writer thread. Free functions without state.
namespace qiao::flow::store {

std::span<const storage::Migration> migrations();

// Cases.
std::optional<Case> find_case(storage::Connection& connection, std::string_view id);
/// Whether the patient's own view must leave this case and everything of it out (`flow_case.withheld`, for SQL).
bool is_withheld(storage::Connection& connection, std::string_view case_id);
std::optional<std::string> case_of_create_id(storage::Connection& connection, std::int64_t requester, std::string_view create_id);
/// Inserts or replaces the case and its parties.
void put_case(storage::Connection& connection, const Case& item);

// Moves.
std::vector<MoveRow> moves_of(storage::Connection& connection, std::string_view case_id);
struct MoveRef {
    std::string case_id;
    std::string action;
    std::int64_t person = 0;
};
std::optional<MoveRef> find_move(storage::Connection& connection, std::string_view move_id);
std::optional<MoveRow> last_move(storage::Connection& connection, std::string_view case_id);
/// Gives the row its place at the end of the case.
void add_move(storage::Connection& connection, std::string_view case_id, MoveRow row);

// Clocks.
std::vector<ClockRow> clocks_of(storage::Connection& connection, std::string_view case_id);
void put_clock(storage::Connection& connection, const ClockRow& clock);
/// Those that want something done by `now`, in due order.
std::vector<ClockRow> due_clocks(storage::Connection& connection, Instant now, int limit);
/// Ids of cases whose automatic move is due, in due order.
std::vector<std::string> due_cases(storage::Connection& connection, Instant now, int limit);

// Resources of a case.
std::vector<Item> items_of(storage::Connection& connection, std::string_view case_id);
void add_item(storage::Connection& connection, std::string_view case_id, const Item& item);
void remove_item(storage::Connection& connection, std::string_view case_id, std::string_view reference);
/// The case that a resource belongs to (the patient's own resource belongs to none).
std::optional<std::string> case_of_item(storage::Connection& connection, std::string_view reference);
/// Live cases that have `reference` among their resources.
std::vector<std::string> cases_with_item(storage::Connection& connection, std::string_view reference);
/// Ids of the cases about a patient ("Patient/…"), parts left out, the newest first, at most 200.
std::vector<std::string> cases_of_patient(storage::Connection& connection, std::string_view patient);

// Attachments and uploads.
std::vector<Attachment> attachments_of(storage::Connection& connection, std::string_view case_id);
std::optional<Attachment> find_attachment(storage::Connection& connection, std::string_view case_id, int n);
void put_attachment(storage::Connection& connection, std::string_view case_id, const Attachment& attachment);
void remove_attachment(storage::Connection& connection, std::string_view case_id, int n);
/// The number of the next attachment: numbers of removed ones are not used again.
int next_attachment(storage::Connection& connection, std::string_view case_id);

struct Upload {
    std::string id;
    std::string case_id;
    std::int64_t person = 0;
    std::string request;  ///< the JSON that opened it
    std::int64_t size_bytes = 0;
    std::int64_t offset_bytes = 0;
    int attachment = 0;  ///< once complete
    Instant started{};
};
std::optional<Upload> find_upload(storage::Connection& connection, std::string_view id);
void put_upload(storage::Connection& connection, const Upload& upload);
void remove_upload(storage::Connection& connection, std::string_view id);
std::vector<std::string> stale_uploads(storage::Connection& connection, Instant before);
int count_uploads(storage::Connection& connection, std::string_view case_id);

// Drafts.
struct Draft {
    std::int64_t version = 0;
    Instant saved{};
    std::string body;  ///< JSON object
};
inline constexpr int kDraftsKept = 20;
/// @param version  0 = the newest
std::optional<Draft> find_draft(storage::Connection& connection, std::string_view case_id, std::int64_t person, std::string_view name,
                                std::int64_t version = 0);
std::vector<std::pair<std::string, Draft>> drafts_of(storage::Connection& connection, std::string_view case_id, std::int64_t person);
void put_draft(storage::Connection& connection, std::string_view case_id, std::int64_t person, std::string_view name, const Draft& draft);
void remove_drafts(storage::Connection& connection, std::string_view case_id, std::int64_t person, std::string_view name);

}  // namespace qiao::flow::store
