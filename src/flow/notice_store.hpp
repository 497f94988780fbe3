#pragma once

#include "base/json_value.hpp"
#include "base/time.hpp"
#include "storage/database.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The tables of notices that leave the screen: who is to be told of what (`flow_notice`), each message (`flow_delivery`),
/// what happened when (`flow_notice_step`, which only grows) and how each channel fares (`flow_channel`). Reading functions
/// take any connection; writing ones run on the writer thread.
namespace qiao::flow::store {

extern const std::string_view kNoticeTables;  ///< DDL

/// One person to be told. Open while `status` is "waiting" (nothing left yet) or "sending".
struct LeavingNotice {
    std::string id;
    std::string case_id;  ///< the lead case; empty for a test and for alerts of the centre
    std::string code;
    std::string urgency;
    std::string case_state;  ///< when it was made: another state later means that nobody needs it any more
    json::Value params = json::Value::object();  ///< without a case: "page", where the person reads more
    std::int64_t person = 0;
    Instant created{};
    std::string status = "waiting";  ///< waiting, sending, read, superseded, shown, exhausted, unreachable
    int step = 0;                    ///< channels begun in this round
    int round = 0;
    Instant unread_at{};             ///< counts as unread from then on
    std::optional<Instant> check;    ///< wants to be looked at

    [[nodiscard]] bool is_open() const { return status == "waiting" || status == "sending"; }
    [[nodiscard]] bool emergency() const { return urgency == "emergency"; }
};

struct Delivery {
    std::string key;
    std::string notice;
    std::string channel;
    std::string status = "queued";  ///< queued, accepted, delivered, failed, dropped
    bool emergency = false;
    int attempt = 0;
    Instant queued{};
    Instant place{};  ///< in the channel's order
    Instant next{};
    std::string receipt;  ///< secret part of the callback's address
    std::string reason;
};

/// One line of the timeline.
struct NoticeStep {
    std::string notice;
    std::string case_id;
    std::string code;
    std::int64_t person = 0;
    Instant at{};
    std::string channel;
    std::string what;  ///< accepted, delivered, answered, failed, delayed, unread, read, unreachable
    std::string reason;
};

struct ChannelState {
    std::string channel;
    std::optional<Instant> last_ok;
    std::optional<Instant> last_failed;
    std::string reason;  ///< of the last failure
    std::int64_t queued = 0;
    std::optional<Instant> oldest;
};

// Notices.
/// Those of the same person, case and code that are still open are superseded by it.
void add_notice(storage::Connection& connection, const LeavingNotice& notice);
void put_notice(storage::Connection& connection, const LeavingNotice& notice);
/// Ends an open notice with `status`; its messages that are not sent yet are dropped. False when it was not open any more.
bool settle_notice(storage::Connection& connection, std::string_view id, std::string_view status);
std::optional<LeavingNotice> find_notice(storage::Connection& connection, std::string_view id);
std::vector<LeavingNotice> due_notices(storage::Connection& connection, Instant now, int limit);
std::vector<LeavingNotice> open_notices(storage::Connection& connection, std::string_view case_id, std::int64_t person);
/// Whether the person was told of `code` in this case since `since`, in whatever way it ended.
bool was_told(storage::Connection& connection, std::string_view case_id, std::string_view code, std::int64_t person, Instant since);
/// The person acted in the case or opened it: what is open for them is read. Everything else of the case is looked at again.
void mark_read(storage::Connection& connection, std::string_view case_id, std::int64_t person, Instant now);
void look_again(storage::Connection& connection, std::string_view case_id, Instant now);
/// What a commit of a case does here: the actor has read what was open for them, the rest is looked at again, and the new
/// ones are added.
void put_leaving(storage::Connection& connection, std::string_view case_id, std::int64_t actor, Instant now, const std::vector<LeavingNotice>& leaving);
std::int64_t count_waiting(storage::Connection& connection);

// Messages.
void put_delivery(storage::Connection& connection, const Delivery& delivery);
/// The next message of a channel, emergencies first; it may not be due yet.
std::optional<Delivery> head_of(storage::Connection& connection, std::string_view channel);
std::optional<Delivery> find_delivery(storage::Connection& connection, std::string_view key);
std::optional<Delivery> delivery_of_receipt(storage::Connection& connection, std::string_view receipt);
/// The channel is down: the notices of emergencies that wait behind the failed message go on to their next channel at once.
void pass_emergencies_on(storage::Connection& connection, std::string_view channel, Instant now, std::string_view reason);
std::vector<Delivery> deliveries_of(storage::Connection& connection, std::string_view notice);

// Steps.
void add_step(storage::Connection& connection, const NoticeStep& step);
std::vector<NoticeStep> steps_of_case(storage::Connection& connection, std::string_view case_id);
/// Of tests that this person sent, newest first.
std::vector<NoticeStep> steps_of_tests(storage::Connection& connection, std::int64_t person, int limit);
/// What went wrong lately, newest first.
std::vector<NoticeStep> failed_steps(storage::Connection& connection, int limit);

// Channels.
/// @param reason  empty = it worked
void note_channel(storage::Connection& connection, std::string_view channel, Instant at, std::string_view reason);
ChannelState channel_state(storage::Connection& connection, std::string_view channel);

}  // namespace qiao::flow::store
