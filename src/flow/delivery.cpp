#include "flow/delivery.hpp"

#include "base/id.hpp"
#include "flow/flow_store.hpp"
#include "jobs/attempt.hpp"

#include <algorithm>

namespace qiao::flow {

namespace {

using std::chrono::seconds;
using store::LeavingNotice;

constexpr int kBatch = 200;
/// How soon it is noticed that a page was closed.
constexpr seconds kLookAtPages{2};
constexpr seconds kLookAtPagesEmergency{1};
int level_of(const LeavingNotice& notice) { return static_cast<int>(notice.params["level"].integer().value_or(0)); }

}  // namespace

/// What advance() has found out about one notice.
struct Delivery::Plan {
    LeavingNotice notice;
    std::optional<Case> item;
    const NotifyRule* rule = nullptr;
    access::Contact contact = {};
    std::vector<std::string> channels = {};
    std::vector<store::Delivery> sent = {};
    Instant now{};
    std::vector<LeavingNotice> more = {};    ///< people who are told besides
    std::vector<store::NoticeStep> steps = {};
    std::optional<store::Delivery> message = {};

    void add_step(std::string_view channel, std::string_view what, std::string_view reason = {}) {
        steps.push_back({notice.id, notice.case_id, notice.code, notice.person, now, std::string(channel), std::string(what), std::string(reason)});
    }
};

Delivery::Delivery(const Engine& engine, const access::Contacts& contacts, Notifier& notifier, Metrics& metrics)
    : engine_(engine), contacts_(contacts), notifier_(notifier), metrics_(metrics) {}

Delivery::~Delivery() { stop(); }

int Delivery::tick() {
    if (!started_) {
        return 0;
    }
    std::vector<LeavingNotice> due;
    {
        const auto snapshot = ground().database.read();
        due = store::due_notices(snapshot->connection(), ground().clock.now(), kBatch);
    }
    for (LeavingNotice& notice : due) {
        jobs::attempt("flow.notice", [&] { advance(std::move(notice)); });
    }
    return static_cast<int>(due.size());
}

bool Delivery::is_closed(const LeavingNotice& notice, const std::optional<Case>& item) const {
    if (notice.case_id.empty()) {
        return false;
    }
    if (!item || (item->ended && notice.code != "flow.case_ended")) {
        return true;
    }
    if (notice.code == "flow.clock") {
        const auto snapshot = ground().database.read();
        const std::vector<ClockRow> clocks = store::clocks_of(snapshot->connection(), notice.params["clock_of"].text());
        const auto clock = std::find_if(clocks.begin(), clocks.end(), [&](const ClockRow& one) { return one.name == notice.params["clock"].text(); });
        return clock == clocks.end() || !is_running(*clock);
    }
    if (notice.code == "flow.case_offered" || notice.code == "flow.emergency_call") {
        // The last of the person's rows: who declined may be asked again. Those who are told besides have none.
        const auto asked = std::find_if(item->parties.rbegin(), item->parties.rend(), [&](const Party& one) { return one.person == notice.person; });
        if (asked != item->parties.rend() && !has_word("offered rung", asked->status)) {
            return true;
        }
    }
    return !notice.case_state.empty() && item->state != notice.case_state;
}

std::vector<std::string> Delivery::channels_for(const NotifyRule& rule, const access::Contact& contact, bool emergency, bool& configured) const {
    std::vector<std::string> order;
    const auto allowed = [&](const std::string& channel) { return std::find(rule.channels.begin(), rule.channels.end(), channel) != rule.channels.end(); };
    const auto add = [&](const std::string& channel) {
        const bool there = notifier_.has(channel) && allowed(channel);
        configured = configured || there;
        if (there && is_reachable(channel, contact) && std::find(order.begin(), order.end(), channel) == order.end()) {
            order.push_back(channel);
        }
    };
    for (const std::string& channel : contact.channels) {
        add(channel);
    }
    // Nobody can wish an emergency away: what the person left out comes last.
    if (contact.channels.empty() || emergency) {
        for (const std::string& channel : rule.channels) {
            add(channel);
        }
    }
    return order;
}

void Delivery::wait(Plan& plan, Instant until) {
    plan.notice.check = until;
    ground().writer.submit({{}, [&](storage::Group& group) {
                                const auto present = store::find_notice(group.connection(), plan.notice.id);
                                if (present && present->is_open()) {
                                    store::put_notice(group.connection(), plan.notice);
                                }
                            }});
}

void Delivery::advance(LeavingNotice notice) {
    Plan plan{.notice = std::move(notice), .now = ground().clock.now()};
    {
        const auto snapshot = ground().database.read();
        plan.item = store::find_case(snapshot->connection(), plan.notice.case_id);
        plan.sent = store::deliveries_of(snapshot->connection(), plan.notice.id);
    }
    LeavingNotice& one = plan.notice;
    plan.rule = ground().pack->notify_rule(one.code, one.urgency, level_of(one), one.params["act_by"].text());
    if (plan.rule == nullptr || is_closed(one, plan.item)) {
        return settle(one, "superseded");
    }
    plan.contact = contacts_.of(one.person);
    bool configured = false;
    plan.channels = channels_for(*plan.rule, plan.contact, one.emergency(), configured);
    if (one.status == "waiting") {
        const bool on_screen = ground().events.has_page(one.person);
        const std::optional<seconds> delay = on_screen ? plan.rule->with_page : std::optional(plan.rule->without_page);
        if (!delay && plan.now - one.created > Delivery::kTriedFor) {
            return settle(one, "shown");
        }
        if (!delay || plan.now < one.created + *delay) {
            const Instant soon = plan.now + (one.emergency() ? kLookAtPagesEmergency : kLookAtPages);
            return wait(plan, delay ? std::min<Instant>(soon, one.created + *delay) : soon);
        }
        const int minute = ground().pack->calendar().local_minute(plan.now);
        if (!one.emergency() && !plan.rule->in_quiet_hours && plan.contact.quiet && plan.contact.quiet->holds_at(minute)) {
            const int left = (plan.contact.quiet->to_minute - minute + 24 * 60) % (24 * 60);
            return wait(plan, plan.now + std::chrono::minutes(left));
        }
        // Without any channel only an emergency says so in the case; the operator's page says it once for all.
        if (plan.channels.empty() && (configured || one.emergency())) {
            plan.add_step("", "unreachable", configured ? "no_address" : "no_channel");
        }
    }
    begin_channel(plan);
}

/// The next channel of a notice that leaves, or that stayed unread, or whose channel failed.
void Delivery::begin_channel(Plan& plan) {
    LeavingNotice& one = plan.notice;
    const bool unread = one.status == "sending" && plan.rule->unread && plan.now >= one.unread_at;
    if (unread && !plan.channels.empty()) {
        plan.add_step("", "unread");
    }
    if (unread || plan.channels.empty()) {
        plan.more = next_people(plan);
        ++one.round;
    }
    if (one.status == "waiting" || unread) {
        one.unread_at = plan.now + plan.rule->unread.value_or(seconds(0));
    }
    const auto is_on_its_way = [&](const std::string& channel) {
        return std::any_of(plan.sent.begin(), plan.sent.end(), [&](const store::Delivery& sent) { return sent.channel == channel && sent.status == "queued"; });
    };
    const int count = static_cast<int>(plan.channels.size());
    if (unread && plan.rule->repeats && one.step >= count) {
        one.step = 0;
    }
    while (one.step < count && is_on_its_way(plan.channels[static_cast<std::size_t>(one.step)])) {
        ++one.step;
    }
    if (one.step < count) {
        store::Delivery message;
        message.key = new_uuid(plan.now);
        message.notice = one.id;
        message.channel = plan.channels[static_cast<std::size_t>(one.step)];
        message.emergency = one.emergency();
        message.queued = message.place = message.next = plan.now;
        message.receipt = new_secret();
        plan.message = std::move(message);
        ++one.step;
    }
    const bool more_people = one.round < static_cast<int>(plan.rule->next_roles.size());
    const bool goes_on = plan.rule->unread && (more_people || one.step < count || (plan.rule->repeats && count > 0));
    one.check = goes_on ? std::optional<Instant>(std::max(one.unread_at, plan.now + seconds(1))) : std::nullopt;
    one.status = plan.channels.empty() && !goes_on ? "unreachable" : "sending";
    ground().writer.submit({{}, [&](storage::Group& group) {
                                storage::Connection& connection = group.connection();
                                const auto present = store::find_notice(connection, one.id);
                                if (!present || !present->is_open()) {
                                    return;
                                }
                                store::put_notice(connection, one);
                                for (const store::NoticeStep& step : plan.steps) {
                                    store::add_step(connection, step);
                                }
                                for (const LeavingNotice& next : plan.more) {
                                    store::add_notice(connection, next);
                                }
                                if (plan.message) {
                                    store::put_delivery(connection, *plan.message);
                                }
                            }});
    wake_.notify_all();
    if (!plan.steps.empty()) {
        tell_pages(one.case_id);
    }
}

std::vector<LeavingNotice> Delivery::next_people(const Plan& plan) const {
    std::vector<LeavingNotice> list;
    const auto round = static_cast<std::size_t>(plan.notice.round);
    if (!plan.item || round >= plan.rule->next_roles.size()) {
        return list;
    }
    const auto snapshot = ground().database.read();
    for (const access::Member& member : ground().directory.members(plan.item->to_org, plan.rule->next_roles[round])) {
        if (store::was_told(snapshot->connection(), plan.notice.case_id, plan.notice.code, member.person.id, plan.notice.created)) {
            continue;
        }
        LeavingNotice next = plan.notice;
        next.id = new_uuid(plan.now);
        next.person = member.person.id;
        next.created = plan.now;
        next.status = "waiting";
        next.step = 0;
        next.round = static_cast<int>(round) + 1;  // those who come after are told by this one in turn
        next.check = plan.now;
        list.push_back(std::move(next));
    }
    return list;
}

void Delivery::settle(const LeavingNotice& notice, std::string_view status) {
    ground().writer.submit({{}, [&](storage::Group& group) { store::settle_notice(group.connection(), notice.id, status); }});
}

/// The timeline of an open page grew; the case's version did not.
void Delivery::tell_pages(const std::string& case_id) {
    if (case_id.empty()) {
        return;
    }
    std::optional<Case> item;
    {
        const auto snapshot = ground().database.read();
        item = store::find_case(snapshot->connection(), case_id);
    }
    if (item) {
        ground().events.case_changed(item->id, item->version, {});
    }
}

void Delivery::seen(const record::Caller& caller, std::string_view case_id) {
    const Visible visible = engine_.open(caller, case_id);
    {
        const auto snapshot = ground().database.read();
        if (store::open_notices(snapshot->connection(), visible.item.id, caller.actor.person).empty()) {
            return;
        }
    }
    const Instant now = ground().clock.now();
    ground().writer.submit({{}, [&](storage::Group& group) { store::mark_read(group.connection(), visible.item.id, caller.actor.person, now); }});
    tell_pages(visible.item.id);
}

}  // namespace qiao::flow
