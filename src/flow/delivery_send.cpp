#include "base/error.hpp"
#include "base/id.hpp"
#include "flow/delivery.hpp"
#include "flow/flow_store.hpp"
#include "jobs/attempt.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace qiao::flow {

namespace {

using std::chrono::seconds;
using store::LeavingNotice;

constexpr std::chrono::milliseconds kLook{250};
constexpr seconds kBackOffMax{300};
constexpr seconds kBackOffMaxEmergency{15};

seconds back_off(const store::Delivery& delivery) {
    const seconds most = delivery.emergency ? kBackOffMaxEmergency : kBackOffMax;
    return std::min(most, seconds(1LL << std::min(delivery.attempt - 1, 9)));
}


void replace_all(std::string& text, std::string_view from, std::string_view to) {
    for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
        text.replace(at, from.size(), to);
    }
}

}  // namespace

void Delivery::set_public_url(std::string url) {
    while (url.ends_with('/')) {
        url.pop_back();
    }
    public_url_ = std::move(url);
    started_ = true;
}

void Delivery::start(std::string public_url, std::function<bool()> may_send) {
    may_send_ = std::move(may_send);
    set_public_url(std::move(public_url));
    for (const std::string_view channel : kChannels) {
        if (notifier_.has(channel)) {
            threads_.emplace_back([this, channel](const std::stop_token& stop) { run(stop, channel); });
        }
    }
}

void Delivery::stop() {
    for (std::jthread& thread : threads_) {
        thread.request_stop();
    }
    wake_.notify_all();
    threads_.clear();
}

void Delivery::run(const std::stop_token& stop, std::string_view channel) {
    while (!stop.stop_requested()) {
        bool sent = false;
        if (!may_send_ || may_send_()) {
            jobs::attempt("flow.send", [&] { sent = send_one(channel); });
        }
        if (!sent) {
            std::unique_lock lock(mutex_);
            wake_.wait_for(lock, stop, kLook, [] { return false; });
        }
    }
}

bool Delivery::send_one(std::string_view channel) {
    const Instant now = ground().clock.now();
    std::optional<store::Delivery> head;
    std::optional<LeavingNotice> notice;
    std::optional<Case> item;
    {
        const auto snapshot = ground().database.read();
        head = store::head_of(snapshot->connection(), channel);
        if (!head || head->next > now) {
            return false;
        }
        notice = store::find_notice(snapshot->connection(), head->notice);
        item = notice ? store::find_case(snapshot->connection(), notice->case_id) : std::nullopt;
    }
    if (!notice) {
        throw Error(ErrorKind::internal, "flow.no_notice", "a message without its notice");
    }
    if (is_closed(*notice, item)) {
        settle(*notice, "superseded");
        return true;
    }
    const Told told = compose(*notice, item, *head);
    const SendResult result = told.address.empty() && channel != "webhook" ? SendResult{SendResult::Kind::refused, "no_address"} : notifier_.send(told);
    record(*notice, std::move(*head), result);
    return true;
}

Told Delivery::compose(const LeavingNotice& notice, const std::optional<Case>& item, const store::Delivery& delivery) const {
    const access::Contact contact = contacts_.of(notice.person);
    const bool english = contact.language == "en";
    const auto institution = [&](std::int64_t id) {
        const std::optional<access::Organisation> found = ground().directory.organisation(id);
        return !found ? std::string() : english && !found->name_en.empty() ? found->name_en : found->name;
    };
    const NotifyText* words = ground().pack->notify_text(notice.code, notice.urgency, contact.language);
    if (words == nullptr) {
        throw Error(ErrorKind::internal, "flow.no_notify_text", "a notice without a text: " + notice.code);
    }
    const std::string path = item ? fmt::format("/app/{}/{}", engine_.machine_of(*item).service(), item->id) : notice.params["page"].text().empty() ? "/app/today" : notice.params["page"].text();
    const std::pair<std::string_view, std::string> values[] = {
        {"{number}", item ? item->number : ""},
        {"{from}", item ? institution(item->from_org) : ""},
        {"{to}", item ? institution(item->to_org) : ""},
        {"{urgency}", ground().pack->notify_word(notice.urgency, contact.language)},
        {"{clock}", ground().pack->notify_word(notice.params["clock"].text(), contact.language)},
        {"{level}", notice.params["level"].text()},
        {"{link}", public_url_ + path},
    };
    Told told;
    told.subject = words->subject;
    told.text = delivery.channel == "voice" ? words->spoken : words->text;
    for (const auto& [name, value] : values) {
        replace_all(told.subject, name, value);
        replace_all(told.text, name, value);
    }
    if (delivery.channel == "webhook") {
        // Many read the robot's group: it says for whom this is.
        const std::optional<access::Person> person = ground().directory.person(notice.person);
        told.text = (person ? english && !person->name_en.empty() ? person->name_en : person->name : "") + ": " + told.text;
    }
    told.key = delivery.key;
    told.channel = delivery.channel;
    told.address = address_for(delivery.channel, contact);
    told.language = contact.language;
    told.urgency = notice.urgency;
    told.callback = public_url_ + "/notify/receipt/" + delivery.receipt;
    return told;
}

void Delivery::record(const LeavingNotice& notice, store::Delivery delivery, const SendResult& result) {
    using Kind = SendResult::Kind;
    const Instant now = ground().clock.now();
    store::NoticeStep step{notice.id, notice.case_id, notice.code, notice.person, now, delivery.channel, "", result.reason};
    const bool is_first_failure = delivery.reason.empty();
    ++delivery.attempt;
    delivery.reason = result.reason;
    const bool tries_again = result.kind == Kind::later || result.kind == Kind::unavailable;
    const bool is_test = notice.case_id.empty();  // its answer is awaited on the page: one try
    const bool too_old = is_test || (!delivery.emergency && now - delivery.queued > kTriedFor);
    if (result.kind == Kind::accepted) {
        delivery.status = "accepted";
        step.what = "accepted";
    } else if (!tries_again || too_old) {
        delivery.status = "failed";
        step.what = "failed";
    } else {
        delivery.next = now + back_off(delivery);
        delivery.place = result.kind == Kind::later ? delivery.next : delivery.place;  // the others go first meanwhile
        step.what = is_first_failure ? "delayed" : "";
    }
    // A channel that fails is not waited for: the next one begins, and this one goes on trying.
    const bool next_channel = step.what == "failed" || (step.what == "delayed" && delivery.emergency);
    ground().writer.submit({{}, [&](storage::Group& group) {
                                storage::Connection& connection = group.connection();
                                const auto present = store::find_delivery(connection, delivery.key);
                                if (present && (present->status == "queued" || delivery.status == "accepted")) {
                                    store::put_delivery(connection, delivery);
                                }
                                if (!step.what.empty()) {
                                    store::add_step(connection, step);
                                }
                                store::note_channel(connection, delivery.channel, now, result.kind == Kind::accepted ? "" : result.reason);
                                auto open = store::find_notice(connection, notice.id);
                                if (delivery.status == "queued" && result.kind == Kind::unavailable) {
                                    store::pass_emergencies_on(connection, delivery.channel, now, result.reason);
                                }
                                if (is_test) {
                                    store::settle_notice(connection, notice.id, "done");
                                } else if (next_channel && open && open->is_open()) {
                                    open->check = now;
                                    store::put_notice(connection, *open);
                                }
                            }});
    metrics_.counter("qiao_notices_total", fmt::format(R"(channel="{}",outcome="{}")", delivery.channel,
                                                       result.kind == Kind::accepted ? "accepted" : tries_again ? "tried_again" : "failed"))
        .add();
    if (!step.what.empty()) {
        tell_pages(notice.case_id);
    }
}

void Delivery::receipt(std::string_view token, std::string_view timestamp, std::string_view signature, std::string_view body) {
    std::optional<store::Delivery> delivery;
    std::optional<LeavingNotice> notice;
    {
        const auto snapshot = ground().database.read();
        delivery = store::delivery_of_receipt(snapshot->connection(), token);
        notice = delivery ? store::find_notice(snapshot->connection(), delivery->notice) : std::nullopt;
    }
    if (!notice) {
        throw Error(ErrorKind::not_found, "flow.no_notice", "no such message");
    }
    if (!notifier_.is_signed(delivery->channel, timestamp, signature, body)) {
        throw Error(ErrorKind::forbidden, "flow.bad_signature", "the report is not signed by the provider's secret, or is older than 5 minutes");
    }
    const auto parsed = json::parse(body, 4);
    const std::string status = parsed ? (*parsed)["status"].text() : "";
    if (status != "delivered" && status != "answered" && status != "failed") {
        throw Error(ErrorKind::invalid, "flow.bad_field", "status: delivered, answered or failed", {{"value", "status", "delivered, answered or failed"}});
    }
    const Instant now = ground().clock.now();
    ground().writer.submit({{}, [&](storage::Group& group) {
                                storage::Connection& connection = group.connection();
                                std::optional<store::Delivery> present = store::find_delivery(connection, delivery->key);
                                const std::string after = status == "failed" ? "failed" : "delivered";
                                if (present->reason == "report_" + status) {
                                    return;  // told before
                                }
                                present->status = after;
                                present->reason = "report_" + status;
                                store::put_delivery(connection, *present);
                                store::add_step(connection, {notice->id, notice->case_id, notice->code, notice->person, now, delivery->channel, status,
                                                             status == "failed" ? "provider" : ""});
                                std::optional<LeavingNotice> open = store::find_notice(connection, notice->id);
                                if (status == "failed" && open->is_open()) {
                                    open->check = now;
                                    store::put_notice(connection, *open);
                                }
                            }});
    tell_pages(notice->case_id);
}

void Delivery::send_test(const record::Actor& actor, std::string_view channel) {
    if (!notifier_.has(channel)) {
        throw Error(ErrorKind::conflict, "flow.channel_not_configured", "this channel is not in the configuration file");
    }
    if (!is_reachable(channel, contacts_.of(actor.person))) {
        throw Error(ErrorKind::conflict, "flow.no_address", "your own contact has no address for this channel");
    }
    const Instant now = ground().clock.now();
    LeavingNotice notice;
    notice.id = new_uuid(now);
    notice.code = "notify.test";
    notice.urgency = "routine";
    notice.person = actor.person;
    notice.created = now;
    notice.status = "sending";
    store::Delivery message;
    message.key = new_uuid(now);
    message.notice = notice.id;
    message.channel = channel;
    message.queued = message.place = message.next = now;
    message.receipt = new_secret();
    ground().writer.submit({{}, [&](storage::Group& group) {
                                store::put_notice(group.connection(), notice);
                                store::put_delivery(group.connection(), message);
                            }});
    wake_.notify_all();
}

}  // namespace qiao::flow
