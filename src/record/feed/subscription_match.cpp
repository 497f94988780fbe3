#include "base/error.hpp"
#include "record/feed/subscriptions.hpp"
#include "record/validate/parse.hpp"

#include <algorithm>
#include <limits>

/// From the outbox to numbered events: the first half of Subscriptions.
namespace qiao::record {
namespace {

constexpr int kRows = 500;                 // of the outbox at once
constexpr std::int64_t kNote_ms = 10'000;  // the place is noted at least so often while nothing matches
constexpr std::size_t kCompiled = 2'000;

}  // namespace

/// A change that some subscription may be about.
struct Subscriptions::Candidate {
    std::int64_t t = 0;
    std::string type;
    std::string id;
    std::int64_t version = 0;
    char operation = 'C';
};

struct Subscriptions::Found {
    Rid rid = 0;
    SubscriptionEvent event;
};

const Criteria& Subscriptions::criteria_of(const Subscription& one) {
    const auto found = compiled_.find(one.ask.criteria);
    if (found != compiled_.end()) return found->second;
    if (compiled_.size() >= kCompiled) compiled_.clear();
    return compiled_.emplace(one.ask.criteria, Criteria::compile(ground_.record.core(), one.ask.criteria)).first->second;
}

/// The next rows of the outbox; moves t_ and n_ behind them. `list` was read before, so that a subscription that is missing in
/// it began later than all that is passed over here only when a row of it is: those rows wait for the next look.
std::vector<Subscriptions::Candidate> Subscriptions::read_outbox(const std::vector<Subscription>& list, bool& more) {
    std::vector<Candidate> out;
    const auto snapshot = ground_.database.read();
    auto& connection = snapshot->connection();
    const auto now_there = subscriptions::all(connection);
    const bool changed =
        now_there.size() != list.size() || !std::equal(list.begin(), list.end(), now_there.begin(), [](const auto& a, const auto& b) {
            return a.rid == b.rid && a.start_t == b.start_t && a.status == b.status && a.ask.criteria == b.ask.criteria && a.ask.payload == b.ask.payload;
        });
    if (changed) {
        more = true;
        return out;
    }
    const auto goes = [](const Subscription& one) { return one.status != "off"; };
    if (std::none_of(list.begin(), list.end(), goes)) {
        auto rows = connection.query("SELECT max(t) FROM outbox");
        if (rows.next() && rows.integer(0) > t_) {
            t_ = rows.integer(0);
            n_ = std::numeric_limits<std::int64_t>::max();
        }
        return out;
    }
    auto rows = connection.query(
        "SELECT o.t, o.n, r.type, r.id, o.ver, o.op FROM outbox o CROSS JOIN res r ON r.rid = o.rid WHERE o.t >= ? AND (o.t > ? OR o.n > ?)"
        " ORDER BY o.t, o.n LIMIT ?",
        {t_, t_, n_, std::int64_t{kRows}});
    int seen = 0;
    while (rows.next()) {
        ++seen;
        t_ = rows.integer(0);
        n_ = rows.integer(1);
        const TypeId type = type_of_number(static_cast<std::uint32_t>(rows.integer(2)));
        const auto about = [&](const Subscription& one) { return goes(one) && one.start_t < t_ && criteria_of(one).type() == type; };
        if (std::none_of(list.begin(), list.end(), about)) continue;
        out.push_back({t_, std::string(type_name(type)), id_text(rows.text(3)), rows.integer(4), static_cast<char>(rows.integer(5))});
    }
    more = seen == kRows;
    return out;
}

/// In memory, on the rows that the version itself gives. A deletion is matched by what was deleted, and told to Backport
/// subscribers only: R4 knows created and updated. What the owner may not see is no event of theirs.
std::vector<Subscriptions::Found> Subscriptions::match_all(const std::vector<Candidate>& candidates, const std::vector<Subscription>& list) {
    std::vector<Found> out;
    Core& core = ground_.record.core();
    const auto reader = ground_.record.read(ReadFilter::system("criteria are matched before the owner's own filter is asked"));
    std::map<std::string, std::unique_ptr<Reader>> readers;
    const auto may_see = [&](const std::string& owner, const Candidate& change, std::int64_t version) {
        auto [at, is_new] = readers.try_emplace(owner);
        if (is_new) {
            if (const auto filter = ground_.ports.filter_of(owner)) at->second = ground_.record.read(*filter);
        }
        return at->second != nullptr && at->second->read_version(change.type, change.id, version).has_value();
    };
    const std::int64_t now = to_ms(ground_.clock.now());
    for (const Candidate& change : candidates) {
        const bool deleted = change.operation == 'D';
        const std::int64_t version = deleted ? change.version - 1 : change.version;
        const auto stored = reader->read_version(change.type, change.id, version);
        if (!stored || stored->json.empty()) continue;
        const auto parsed = parse_resource(stored->json, limits::kBundleBody_bytes);
        if (!parsed) continue;
        const Indexed indexed = index_resource(parsed->root(), parsed->type(), change.id, core.extract_options(), core.hash());
        for (const Subscription& one : list) {
            if (one.status == "off" || one.start_t >= change.t || (deleted && !is_backport(one.ask.payload))) continue;
            const Criteria& criteria = criteria_of(one);
            if (criteria.type() != parsed->type() || !criteria.matches(indexed, change.id) || !may_see(one.owner, change, version)) continue;
            out.push_back({one.rid, {0, change.type, change.id, change.version, change.operation, now}});
        }
    }
    return out;
}

bool Subscriptions::match(const std::vector<Subscription>& list) {
    const std::int64_t from_t = t_;
    const std::int64_t from_n = n_;
    bool more = false;
    const auto candidates = read_outbox(list, more);
    std::vector<Found> found;
    if (!candidates.empty()) found = match_all(candidates, list);
    const std::int64_t now = to_ms(ground_.clock.now());
    const bool moved = t_ != from_t || n_ != from_n;
    if (found.empty() && (!moved || now < noted_ms_ + kNote_ms)) return more;
    ground_.writer.submit({[this](storage::Group& group) { subscriptions::check(group, holder_); },
                           [&](storage::Group& group) {
                               for (const Found& one : found) subscriptions::add_event(group, one.rid, one.event);
                               subscriptions::set_position(group, t_, n_);
                           }});
    noted_ms_ = now;
    return more;
}

}  // namespace qiao::record
