#include "flow/pack.hpp"

#include "access/role.hpp"
#include "base/error.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <tuple>

namespace qiao::flow {

namespace {

using std::chrono::minutes;

[[noreturn]] void refuse(const std::string& file, const toml::source_region& where, std::string_view what) {
    throw Error(ErrorKind::invalid, "flow.bad_pack",
                fmt::format("{} line {} column {}: {}", std::filesystem::path(file).filename().string(), where.begin.line, where.begin.column, what));
}

minutes minutes_of(std::string_view text) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) {
        return minutes(-1);
    }
    return minutes(std::atoi(std::string(text.substr(0, colon)).c_str()) * 60 + std::atoi(std::string(text.substr(colon + 1)).c_str()));
}

}  // namespace

/// One file of the pack while it is read: every complaint says where.
struct Pack::Reader {
    std::string file;
    std::string today;
    toml::table root;

    Reader(const std::string& path, Instant now) : file(path), today(format_instant(now).substr(0, 10)) {
        try {
            root = toml::parse_file(path);
        } catch (const toml::parse_error& error) {  // the library's only way to say it
            refuse(file, error.source(), error.description());
        }
    }

    /// Those that hold today.
    template <class Use>
    void rows(std::string_view name, Use use) const {
        every_row(name, [&](const toml::table& row, bool holds) {
            if (holds) use(row);
        });
    }

    template <class Use>
    void every_row(std::string_view name, Use use) const {
        const toml::array* list = root[name].as_array();
        if (list == nullptr) {
            return;
        }
        for (const toml::node& node : *list) {
            const toml::table* row = node.as_table();
            if (row == nullptr) {
                refuse(file, node.source(), "a row must be a table");
            }
            if (text(*row, "source").empty()) {
                refuse(file, node.source(), "a row needs its source");
            }
            use(*row, text(*row, "valid_from") <= today);
        }
    }

    /// A clock before the first day of the pack is nearly always a wrong clock: said so, and not as a row that is missing.
    void require_in_force(std::string_view name) const {
        std::string first;
        every_row(name, [&](const toml::table& row, bool) {
            const std::string from = text(row, "valid_from");
            first = first.empty() ? from : std::min(first, from);
        });
        if (first <= today) {
            return;
        }
        throw Error(
            ErrorKind::invalid, "flow.pack_not_yet_valid",
            fmt::format("the country pack holds from {} on ({}), and the clock of this machine says {} (UTC): set the clock, or use a pack that holds today",
                        first, std::filesystem::path(file).filename().string(), today));
    }

    [[nodiscard]] std::string text(const toml::table& row, std::string_view name) const {
        const toml::node* node = row.get(name);
        if (node == nullptr) {
            refuse(file, row.source(), fmt::format("'{}' is missing", name));
        }
        if (const auto* date = node->as_date()) {
            const toml::date day = date->get();
            return fmt::format("{:04}-{:02}-{:02}", day.year, day.month, day.day);
        }
        if (!node->is_string()) {
            refuse(file, node->source(), fmt::format("'{}' must be a text", name));
        }
        return node->as_string()->get();
    }

    [[nodiscard]] std::int64_t number(const toml::table& row, std::string_view name) const {
        const toml::node* node = row.get(name);
        if (node == nullptr || !node->is_integer() || node->as_integer()->get() <= 0) {
            refuse(file, row.source(), fmt::format("'{}' must be a whole number above 0", name));
        }
        return node->as_integer()->get();
    }

    /// Nothing when the row does not have it.
    [[nodiscard]] std::optional<std::chrono::seconds> seconds(const toml::table& row, std::string_view name) const {
        const toml::node* node = row.get(name);
        if (node == nullptr) {
            return std::nullopt;
        }
        if (!node->is_integer() || node->as_integer()->get() < 0 || node->as_integer()->get() > 7 * 24 * 3600) {
            refuse(file, node->source(), fmt::format("'{}' must be a number of seconds, at most a week", name));
        }
        return std::chrono::seconds(node->as_integer()->get());
    }

    [[nodiscard]] bool truth(const toml::table& row, std::string_view name) const {
        const toml::node* node = row.get(name);
        if (node != nullptr && !node->is_boolean()) {
            refuse(file, node->source(), fmt::format("'{}' must be true or false", name));
        }
        return node != nullptr && node->as_boolean()->get();
    }

    /// `known` empty = any words.
    [[nodiscard]] std::vector<std::string> words(const toml::table& row, std::string_view name, std::initializer_list<std::string_view> known) const {
        std::vector<std::string> list;
        const toml::array* array = row[name].as_array();
        if (row.contains(name) && array == nullptr) {
            refuse(file, row.get(name)->source(), fmt::format("'{}' must be a list of texts", name));
        }
        for (std::size_t i = 0; array != nullptr && i < array->size(); ++i) {
            const std::string word = (*array)[i].value_or<std::string>("");
            if (word.empty() || (known.size() > 0 && std::find(known.begin(), known.end(), word) == known.end())) {
                refuse(file, (*array)[i].source(), fmt::format("{}: unknown '{}'", name, word));
            }
            list.push_back(word);
        }
        return list;
    }

    [[nodiscard]] std::vector<int> shares(const toml::table& row) const {
        std::vector<int> levels;
        const toml::array* list = row["escalates"].as_array();
        if (list == nullptr) {
            return {50, 80, 100};
        }
        for (const toml::node& node : *list) {
            const std::int64_t level = node.value_or<std::int64_t>(0);
            if (level < 1 || level > 1000 || (!levels.empty() && level <= levels.back())) {
                refuse(file, node.source(), "escalates: rising per cents from 1 to 1000");
            }
            levels.push_back(static_cast<int>(level));
        }
        return levels;
    }

    [[nodiscard]] WorkingHours hours() const {
        WorkingHours hours;
        const toml::table* table = root["calendar"].as_table();
        if (table == nullptr) {
            refuse(file, root.source(), "'calendar' is missing");
        }
        hours.zone = text(*table, "zone");
        hours.opens = minutes_of(text(*table, "opens"));
        hours.closes = minutes_of(text(*table, "closes"));
        hours.days.fill(false);
        if (const toml::array* days = (*table)["days"].as_array()) {
            for (const toml::node& day : *days) {
                const std::int64_t number = day.value_or<std::int64_t>(-1);
                if (number < 0 || number > 6) {
                    refuse(file, day.source(), "days: 0 (Sunday) to 6");
                }
                hours.days[static_cast<std::size_t>(number)] = true;
            }
        }
        for (const char* list : {"closed", "open"}) {
            if (const toml::array* dates = (*table)[list].as_array()) {
                for (const toml::node& date : *dates) {
                    auto& set = std::string_view(list) == "closed" ? hours.closed_dates : hours.open_dates;
                    set.insert(date.value_or<std::string>(""));
                }
            }
        }
        return hours;
    }
};

std::shared_ptr<const Pack> Pack::load(const std::string& folder, Instant today) {
    auto pack = std::make_shared<Pack>();
    const Reader deadlines(folder + "/deadlines.toml", today);
    deadlines.require_in_force("clock");
    pack->name_ = deadlines.text(deadlines.root, "pack") + " " + deadlines.text(deadlines.root, "version");
    pack->calendar_ = std::make_unique<Calendar>(deadlines.hours());
    deadlines.every_row("clock", [&](const toml::table& row, bool holds) {
        const std::string kind = deadlines.text(row, "kind");
        if (kind != "wall" && kind != "working") {
            refuse(deadlines.file, row.source(), "kind: wall or working");
        }
        const DeadlineRow& read = pack->deadlines_.emplace_back(
            DeadlineRow{deadlines.text(row, "machine"), deadlines.text(row, "name"), kind == "wall" ? ClockKind::wall : ClockKind::working,
                        minutes(deadlines.number(row, "minutes")), deadlines.text(row, "valid_from"), deadlines.text(row, "source"), holds});
        if (holds) pack->clocks_[read.machine + "." + read.name] = {read.kind, read.budget, deadlines.shares(row)};
    });
    deadlines.rows("timer", [&](const toml::table& row) {
        pack->timers_[deadlines.text(row, "machine") + "." + deadlines.text(row, "state")] = {deadlines.text(row, "action"),
                                                                                              minutes(deadlines.number(row, "minutes"))};
    });
    const Reader pauses(folder + "/pauses.toml", today);
    pauses.rows("pause", [&](const toml::table& row) { pack->pauses_[pauses.text(row, "reason")] = minutes(pauses.number(row, "cap_minutes")); });
    const Reader retention(folder + "/retention.toml", today);
    retention.rows("class", [&](const toml::table& row) {
        pack->retention_.push_back({retention.text(row, "name"), static_cast<int>(retention.number(row, "days"))});
    });
    const Reader codes(folder + "/codes.toml", today);
    for (const auto& [list, node] : codes.root) {
        codes.rows(list.str(), [&](const toml::table& row) {
            pack->codes_[std::string(list.str())].push_back({codes.text(row, "code"), codes.text(row, "zh"), codes.text(row, "en")});
        });
    }
    pack->read_consents(Reader(folder + "/consent.toml", today));
    pack->read_notify(Reader(folder + "/notify.toml", today));
    return pack;
}

void Pack::read_consents(const Reader& consents) {
    consents.require_in_force("text");
    consents.rows("text", [&](const toml::table& row) {
        consents_.push_back({consents.text(row, "version"), consents.text(row, "language"), consents.text(row, "valid_from"),
                             consents.text(row, "consultation"), consents.text(row, "recording"), consents.text(row, "teaching")});
    });
    for (const ConsentText& one : consents_) {
        if (consent_text("zh", one.version) == nullptr || consent_text("en", one.version) == nullptr) {
            refuse(consents.file, consents.root.source(), fmt::format("'{}' must be there in zh and in en", one.version));
        }
    }
    if (consents_.empty()) {
        refuse(consents.file, consents.root.source(), "no text in force");
    }
}

const ConsentText* Pack::consent_text(std::string_view language, std::string_view version) const {
    const ConsentText* newest = nullptr;
    for (const ConsentText& one : consents_) {
        const bool fits = one.language == language && (version.empty() || one.version == version);
        if (fits && (newest == nullptr || newest->valid_from < one.valid_from)) {
            newest = &one;
        }
    }
    return newest;
}

void Pack::read_notify(const Reader& notify) {
    notify.require_in_force("text");
    notify.rows("rule", [&](const toml::table& row) {
        NotifyRule rule;
        rule.code = notify.text(row, "code");
        rule.urgency = notify.text(row, "urgency");
        rule.level = row.contains("level") ? static_cast<int>(notify.number(row, "level")) : 0;
        rule.act_by = row.contains("act_by") ? notify.text(row, "act_by") : "";
        rule.channels = notify.words(row, "channels", {"voice", "sms", "webhook", "email"});
        rule.without_page = notify.seconds(row, "without_page_seconds").value_or(std::chrono::seconds(0));
        rule.with_page = notify.seconds(row, "with_page_seconds");
        rule.unread = notify.seconds(row, "unread_seconds");
        rule.next_roles =
            notify.words(row, "next_roles", {access::role::kExpert, access::role::kCoordinator, access::role::kDutyLead, access::role::kCentreManager});
        rule.repeats = notify.truth(row, "repeats");
        rule.in_quiet_hours = notify.truth(row, "in_quiet_hours");
        if (rule.channels.empty()) {
            refuse(notify.file, row.source(), "a rule needs channels");
        }
        if (!rule.unread && (rule.repeats || !rule.next_roles.empty())) {
            refuse(notify.file, row.source(), "repeats and next_roles need unread_seconds");
        }
        notify_rules_.push_back(std::move(rule));
    });
    notify.rows("text", [&](const toml::table& row) {
        const std::string language = notify.text(row, "language");
        if (language != "zh" && language != "en") {
            refuse(notify.file, row.source(), "language: zh or en");
        }
        notify_texts_[fmt::format("{} {} {}", notify.text(row, "code"), notify.text(row, "urgency"), language)] = {
            notify.text(row, "subject"), notify.text(row, "text"), notify.text(row, "spoken")};
    });
    notify.rows("word", [&](const toml::table& row) { notify_words_[notify.text(row, "code")] = {notify.text(row, "zh"), notify.text(row, "en")}; });
    const auto require_text = [&](std::string_view code, std::string_view urgency) {
        for (const char* language : {"zh", "en"}) {
            if (notify_text(code, urgency, language) == nullptr) {
                refuse(notify.file, notify.root.source(), fmt::format("no text for {} ({}, {})", code, urgency, language));
            }
        }
    };
    require_text("notify.test", "any");
    for (const NotifyRule& rule : notify_rules_) {
        require_text(rule.code, rule.urgency);
    }
}

const NotifyRule* Pack::notify_rule(std::string_view code, std::string_view urgency, int level, std::string_view act_by) const {
    const NotifyRule* best = nullptr;
    const auto rank = [&](const NotifyRule& rule) { return std::tuple(!rule.act_by.empty(), rule.urgency == urgency, rule.level); };
    for (const NotifyRule& rule : notify_rules_) {
        const bool fits =
            rule.code == code && (rule.urgency == urgency || rule.urgency == "any") && rule.level <= level && (rule.act_by.empty() || rule.act_by == act_by);
        if (fits && (best == nullptr || rank(rule) > rank(*best))) {
            best = &rule;
        }
    }
    return best;
}

const NotifyText* Pack::notify_text(std::string_view code, std::string_view urgency, std::string_view language) const {
    auto found = notify_texts_.find(fmt::format("{} {} {}", code, urgency, language));
    if (found == notify_texts_.end()) {
        found = notify_texts_.find(fmt::format("{} any {}", code, language));
    }
    return found == notify_texts_.end() ? nullptr : &found->second;
}

std::string Pack::notify_word(std::string_view code, std::string_view language) const {
    const auto found = notify_words_.find(code);
    return found == notify_words_.end() ? std::string(code) : language == "en" ? found->second.second : found->second.first;
}

const ClockRule* Pack::clock(std::string_view machine, std::string_view clock) const {
    const auto found = clocks_.find(fmt::format("{}.{}", machine, clock));
    return found == clocks_.end() ? nullptr : &found->second;
}

std::map<std::string, ClockRule> Pack::clocks_of(std::string_view machine) const {
    std::map<std::string, ClockRule> clocks;
    const std::string prefix = std::string(machine) + ".";
    for (auto found = clocks_.lower_bound(prefix); found != clocks_.end() && found->first.starts_with(prefix); ++found) {
        clocks.emplace(found->first.substr(prefix.size()), found->second);
    }
    return clocks;
}

const TimerRule* Pack::timer(std::string_view machine, std::string_view state) const {
    const auto found = timers_.find(fmt::format("{}.{}", machine, state));
    return found == timers_.end() ? nullptr : &found->second;
}

const Duration* Pack::pause_cap(std::string_view reason) const {
    const auto found = pauses_.find(reason);
    return found == pauses_.end() ? nullptr : &found->second;
}

const std::vector<CodeText>& Pack::codes(std::string_view list) const {
    static const std::vector<CodeText> kNone;
    const auto found = codes_.find(list);
    return found == codes_.end() ? kNone : found->second;
}

}  // namespace qiao::flow
