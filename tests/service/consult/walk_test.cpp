#include "centre.hpp"

#include "access/role.hpp"
#include "base/digest.hpp"
#include "base/text.hpp"
#include "flow/flow_store.hpp"
#include "services/consult/consult_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace qiao::consult::testing {
namespace {

/// Every state × action × person: what the table does not have is refused and changes no row.
class Walk : public Centre {
protected:
    Walk() : id_(writing()) {
        // A second expert is still asked, and everybody may look: the walk is about moves, not about sight.
        put([](flow::Case& item) { item.parties.front().lead = true; });
        add_person("office", "区珍", clinic_, access::role::kCoordinator);
        writer_->submit({{}, [&](storage::Group& group) {
                             std::vector<record::Rid> items;
                             for (const std::string& reference : {"Task/" + id_, patient_}) {
                                 const auto reader = record_->read_in(group, record::ReadFilter::system("test"));
                                 items.push_back(*reader->rid_of(reference.substr(0, reference.find('/')), reference.substr(reference.find('/') + 1)));
                             }
                             access::Grant grant;
                             grant.grantee = access::desk_key(clinic_.id, access::role::kCoordinator);
                             grant.items = items;
                             grant.case_id = id_;
                             grant.reason = "consult.office";
                             grants_->give(group, grant);
                         }});
    }

    void put(const std::function<void(flow::Case&)>& change);
    void enter(std::string_view state) {
        put([&](flow::Case& item) {
            item.state = state;
            item.ended = kConsultTable.is_end(state);
        });
    }
    [[nodiscard]] std::string rows();

    const std::string id_;
    const std::vector<std::string> everyone_ = {"doctor", "colleague", "coordinator", "expert", "manager", "lead", "office"};
};

void Walk::put(const std::function<void(flow::Case&)>& change) {
    writer_->submit({{}, [&](storage::Group& group) {
                         flow::Case item = *flow::store::find_case(group.connection(), id_);
                         change(item);
                         flow::store::put_case(group.connection(), item);
                     }});
}

std::string Walk::rows() {
    const auto snapshot = database_->read();
    std::string all;
    for (const char* sql : {"SELECT state || version || ended || notes || requester FROM flow_case ORDER BY case_id", "SELECT COUNT(*) || '' FROM flow_move",
                            "SELECT name || due_us || level FROM flow_clock ORDER BY case_id, name", "SELECT COUNT(*) || ',' || SUM(ver) FROM res",
                            "SELECT COUNT(*) || '' FROM reach", "SELECT COUNT(*) || '' FROM reach_item", "SELECT COUNT(*) || '' FROM outbox"}) {
        storage::Cursor cursor = snapshot->connection().query(sql);
        while (cursor.next()) {
            all += std::string(cursor.text(0)) + "\n";
        }
    }
    return to_hex(sha256(all));
}

std::set<std::string> actions() {
    std::set<std::string> all;
    for (const flow::Row& row : kConsultTable.rows()) {
        all.emplace(row.action);
    }
    return all;
}

TEST_F(Walk, WhatTheTableDoesNotHaveIsRefusedAndChangesNothing) {
    int refused = 0;
    for (const flow::StateMeaning& state : kConsultTable.states()) {
        enter(state.state);
        const std::string before = rows();
        for (const std::string& action : actions()) {
            const flow::Row* row = kConsultTable.find(state.state, action);
            for (const std::string& who : everyone_) {
                const record::Caller caller = [&] {
                    http::Request request{.headers = {{"authorization", "Bearer " + tokens_.at(who)}}, .peer_address = "127.0.0.1"};
                    return sessions_->caller(request);
                }();
                bool has_role = false;
                {
                    const auto snapshot = database_->read();
                    for (const std::string& role : engine_->roles_of(*flow::store::find_case(snapshot->connection(), id_), caller.actor)) {
                        has_role = has_role || (row != nullptr && flow::has_word(row->who, role));
                    }
                }
                if (row != nullptr && has_role) {
                    continue;
                }
                const Answer answer = move(who, id_, action);
                ++refused;
                if (answer.status == 404) {
                    continue;  // the duty lead sees no case
                }
                ASSERT_EQ(answer.code(), row == nullptr ? "flow.not_open" : "flow.not_yours") << state.state << " " << action << " " << who;
                ASSERT_EQ(answer.status, row == nullptr ? 409 : 403);
            }
        }
        ASSERT_EQ(rows(), before) << state.state;
    }
    EXPECT_GT(refused, 4000);
}

TEST_F(Walk, ShownMovesAreTheAllowedOnes) {
    for (const flow::StateMeaning& state : kConsultTable.states()) {
        enter(state.state);
        for (const std::string& who : everyone_) {
            const std::vector<std::string> shown = open_moves(who, id_);
            for (const std::string& action : shown) {
                ASSERT_NE(kConsultTable.find(state.state, action), nullptr) << state.state << " " << action;
                const Answer answer = move(who, id_, action, json::Value::object({{"draft", 99}}));
                // Something may be missing, the way there is open: never "not open", never "not yours".
                ASSERT_NE(answer.code(), "flow.not_open") << state.state << " " << action << " " << who;
                ASSERT_NE(answer.code(), "flow.not_yours") << state.state << " " << action << " " << who;
            }
            // And what is not shown is refused, whatever row of the table there is.
            for (const std::string& action : actions()) {
                if (std::find(shown.begin(), shown.end(), action) == shown.end()) {
                    ASSERT_GE(move(who, id_, action, {}, "x").status, 400) << state.state << " " << action << " " << who;
                }
            }
        }
    }
}

TEST_F(Walk, PartsMoveOnlyWithTheirCase) {
    std::string part;
    {
        const auto snapshot = database_->read();
        part = flow::store::find_case(snapshot->connection(), id_)->parties.front().part;
    }
    for (const flow::Row& row : kPartTable.rows()) {
        const Answer answer = move("expert", part, std::string(row.action));
        EXPECT_TRUE(answer.status == 409 || answer.status == 403) << answer.raw;
    }
    EXPECT_TRUE(open_moves("expert", part).empty());
}

TEST_F(Walk, NobodyWritesACaseByPlainFhir) {
    const json::Value task = get("doctor", "/fhir/Task/" + id_).body;
    const std::string before = rows();
    const std::string token = sessions_->add_client("interface", access::role::kIntegration).id;
    EXPECT_FALSE(token.empty());
    const auto write_again = [&](const std::string& reference) {
        const auto work = record_->begin(record::ReadFilter::system("test"), record::Actor::system("HOPERAT"));
        work->plain();
        work->update(work->load(reference).value());
        work->commit();
    };
    const auto refused_with = [&](const std::string& reference) {
        try {
            write_again(reference);
        } catch (const Error& error) {
            return std::string(error.code());
        }
        return std::string();
    };
    EXPECT_EQ(refused_with("Task/" + id_), "flow.only_by_move");
    EXPECT_EQ(refused_with(view("doctor", id_)["request"].text()), "flow.only_by_move");
    EXPECT_EQ(refused_with(view("doctor", id_)["form_resource"].text()), "signing.closed");
    EXPECT_EQ(rows(), before);
    EXPECT_NO_THROW(write_again(patient_));
}

}  // namespace
}  // namespace qiao::consult::testing
