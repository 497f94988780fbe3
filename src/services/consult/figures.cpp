#include "services/consult/figures.hpp"

#include "access/role.hpp"
#include "flow/case_view.hpp"
#include "flow/routes.hpp"
#include "services/consult/figures_store.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace qiao::consult {

namespace {

using http::Request;
using http::Response;
using json::Value;

constexpr int kLines = 20'000;
constexpr std::chrono::hours kSpan_max{24 * 400};
constexpr std::int64_t kMinute_us = 60'000'000;

struct Span {
    std::int64_t organisation = 0;
    Instant from{};
    Instant until{};
};

/// Of the query; the caller has one of `roles` at the institution.
Span span_of(const flow::Ground& ground, const record::Caller& caller, const Request& request, std::string_view roles) {
    std::string organisation;
    std::optional<Instant> from;
    std::optional<Instant> until;
    for (const auto& [name, value] : request.query_values()) {
        if (name == "organisation") organisation = value;
        if (name == "from") from = parse_instant(value);
        if (name == "until") until = parse_instant(value);
    }
    const auto at = ground.directory.organisation_by_resource(organisation);
    if (!at || !from || !until || *until <= *from || *until - *from > kSpan_max) {
        throw Error(ErrorKind::invalid, "flow.bad_query", "organisation, from and until: at most 400 days");
    }
    const auto memberships = ground.directory.memberships(caller.actor.person);
    const bool may = std::any_of(memberships.begin(), memberships.end(),
                                 [&](const access::Membership& one) { return one.organisation == at->id && flow::has_word(roles, one.role); });
    if (!may) {
        throw Error(ErrorKind::forbidden, "flow.not_yours", "these figures are for another role");
    }
    return {at->id, *from, *until};
}

Value minutes_between(Instant from, const std::optional<Instant>& until) { return until ? Value((to_us(*until) - to_us(from)) / kMinute_us) : Value(); }

/// {n, median, p90} in minutes by the nearest-rank method; nothing but n = 0 without values.
Value spread_of(std::vector<std::int64_t> minutes) {
    Value view = Value::object({{"n", static_cast<std::int64_t>(minutes.size())}});
    if (minutes.empty()) {
        return view;
    }
    std::sort(minutes.begin(), minutes.end());
    const auto rank = [&](std::size_t percent) { return minutes[(minutes.size() * percent + 99) / 100 - 1]; };
    view.set("median_min", rank(50));
    view.set("p90_min", rank(90));
    return view;
}

template <class Minutes>
Value spread(const std::vector<store::Line>& lines, bool emergency, Minutes minutes) {
    std::vector<std::int64_t> values;
    for (const store::Line& line : lines) {
        const std::optional<std::int64_t> value = minutes(line);
        if (value && (line.urgency == "emergency") == emergency) {
            values.push_back(*value);
        }
    }
    return spread_of(std::move(values));
}

Value figures_of(const std::vector<store::Line>& lines, bool emergency) {
    const auto since = [](const store::Line& line, const std::optional<Instant>& until) {
        return until ? std::optional((to_us(*until) - to_us(line.submitted)) / kMinute_us) : std::nullopt;
    };
    std::int64_t asked = 0;
    std::int64_t judged = 0;
    std::int64_t on_time = 0;
    for (const store::Line& line : lines) {
        if ((line.urgency == "emergency") != emergency) continue;
        ++asked;
        judged += line.on_time.empty() ? 0 : 1;
        on_time += line.on_time == "on_time" ? 1 : 0;
    }
    Value view = Value::object({{"cases", asked}, {"judged", judged}, {"on_time", on_time}});
    view.set("accepted", spread(lines, emergency, [&](const store::Line& line) { return since(line, line.accepted); }));
    view.set("signed", spread(lines, emergency, [&](const store::Line& line) { return since(line, line.signed_at); }));
    view.set("counted", spread(lines, emergency, [&](const store::Line& line) {
                 return line.counted && line.signed_at ? std::optional(line.counted->count() / kMinute_us) : std::nullopt;
             }));
    return view;
}

Value line_view(const flow::Ground& ground, const store::Line& line) {
    Value view = Value::object({{"case", line.case_id}, {"number", line.number}, {"urgency", line.urgency}, {"state", line.state}});
    view.set("from", flow::organisation_view(ground, line.from_org));
    view.set("submitted", format_instant(line.submitted));
    view.set("accepted_min", minutes_between(line.submitted, line.accepted));
    view.set("signed_min", minutes_between(line.submitted, line.signed_at));
    view.set("counted_min", line.counted && line.signed_at ? Value(line.counted->count() / kMinute_us) : Value());
    view.set("on_time", line.on_time.empty() ? Value() : Value(line.on_time == "on_time"));
    view.set("given_back", line.paused);
    view.set("followed", line.followed.empty() ? Value() : Value(line.followed));
    view.set("not_followed", line.not_followed.empty() ? Value() : Value(line.not_followed));
    return view;
}

Response figures(const flow::Ground& ground, const record::Caller& caller, const Request& request) {
    const Span span = span_of(ground, caller, request, "coordinator duty_lead centre_manager");
    std::vector<store::Line> lines;
    {
        const auto snapshot = ground.database.read();
        lines = store::lines(snapshot->connection(), span.organisation, span.from, span.until, kLines);
    }
    Value views = Value::array();
    for (const store::Line& line : lines) {
        views.push(line_view(ground, line));
    }
    return flow::json_answer(Value::object({{"definition", "consult.turnaround.1"},
                                            {"ordinary", figures_of(lines, false)},
                                            {"emergency", figures_of(lines, true)},
                                            {"complete", lines.size() < static_cast<std::size_t>(kLines)},
                                            {"lines", std::move(views)}}));
}

Value fee_view(const flow::Ground& ground, const store::Fee& fee) {
    Value view = Value::object({{"case", fee.case_id}, {"number", fee.number}, {"amount_minor", fee.amount_minor}, {"currency", fee.currency}});
    view.set("from", flow::organisation_view(ground, fee.from_org));
    view.set("to", flow::organisation_view(ground, fee.to_org));
    view.set("state", fee.state);
    view.set("signed", format_instant(fee.signed_at));
    view.set("changed_by", flow::person_view(ground, fee.changed_by));
    view.set("reason", fee.reason.empty() ? Value() : Value(fee.reason));
    return view;
}

Response statement(const flow::Ground& ground, const record::Caller& caller, const Request& request) {
    const Span span = span_of(ground, caller, request, "coordinator centre_manager doctor");
    std::vector<store::Fee> fees;
    {
        const auto snapshot = ground.database.read();
        fees = store::fees(snapshot->connection(), span.organisation, span.from, span.until);
    }
    Value views = Value::array();
    for (const store::Fee& fee : fees) {
        views.push(fee_view(ground, fee));
    }
    return flow::json_answer(Value::object({{"fees", std::move(views)}}));
}

/// Paid or waived, by the centre manager of the institution that is owed it.
Response set_fee(const flow::Ground& ground, const record::Caller& caller, const Request& request) {
    const Value body = flow::body_object(request, "state reason");
    const std::string& state = body["state"].text();
    flow::FieldCheck check;
    check.one_of(body, "state", "due paid waived");
    check.text_limit(body, "reason", 2048);
    if (state == "waived" && body["reason"].text().empty()) {
        check.refuse("flow.missing_field", "reason", "why the fee is waived");
    }
    check.throw_if_any();
    const std::string id(request.param("id"));
    const auto require = [&](storage::Connection& connection) {
        const std::optional<store::Fee> fee = store::find_fee(connection, id);
        const bool may = fee && ground.directory.membership_of(caller.actor.person, fee->to_org, access::role::kCentreManager);
        if (!may) throw Error(ErrorKind::not_found, "flow.no_fee", "no such fee");
        return *fee;
    };
    ground.writer.submit(
        {[&](storage::Group& group) { static_cast<void>(require(group.connection())); },
         [&](storage::Group& group) { store::set_fee(group.connection(), id, state, caller.actor.person, body["reason"].text(), group.now()); }});
    const auto snapshot = ground.database.read();
    return flow::json_answer(fee_view(ground, require(snapshot->connection())));
}

}  // namespace

void add_figure_routes(http::Router& router, flow::Engine& engine, const record::CallerOf& caller_of) {
    const auto add = [&](http::Method method, std::string_view pattern, Response (*handler)(const flow::Ground&, const record::Caller&, const Request&)) {
        router.add(method, pattern, {},
                   [&engine, caller_of, handler](const Request& request) { return handler(engine.ground(), caller_of(request), request); });
    };
    add(http::Method::get, "/flow/figures", figures);
    add(http::Method::get, "/flow/statement", statement);
    add(http::Method::post, "/flow/cases/{id}/fee", set_fee);
}

}  // namespace qiao::consult
