#include "access/audit.hpp"
#include "base/text.hpp"
#include "house.hpp"
#include "storage/file.hpp"

#include <fstream>
#include <thread>

namespace qiao::access {
namespace {

using testing::House;

void disarm(storage::Group& group) {
    const std::string where = qiao::testing::on_postgres() ? " ON access_audit;" : ";";
    group.connection().script("DROP TRIGGER access_audit_no_update" + where + "DROP TRIGGER access_audit_no_delete" + where);
}

/// A network with some audit rows.
struct Audited : House {
    Audited() {
        const auto hub = place("hub", "H");
        person("doctor", hub.id, role::kDoctor);
        const std::string cookie = cookie_of("doctor");
        const auto actor = caller(cookie).actor;
        for (int i = 1; i <= 20; ++i) {
            AuditEvent event = audit->event_of(actor, "read");
            event.rid = i;
            audit->note(event);
        }
        audit->flush();
        audit->write_head();
    }
    AuditReport verify() { return verify_audit(*database, folder.path()); }
    std::int64_t rows() { return number("SELECT COUNT(*) FROM access_audit"); }
    void tamper(std::string_view sql) {
        run([&](storage::Group& group) {
            disarm(group);
            group.connection().script(sql);
        });
    }
};

bool names(const AuditReport& report, AuditDefect::Kind kind, std::int64_t seq) {
    for (const auto& one : report.defects) {
        if (one.kind == kind && one.seq <= seq && seq <= one.last_seq) return true;
    }
    return false;
}

TEST(AuditChain, an_untouched_one_is_whole) {
    Audited house;
    const auto report = house.verify();
    EXPECT_TRUE(report.whole()) << (report.defects.empty() ? "" : report.defects[0].text);
    EXPECT_EQ(report.rows, house.rows());
    EXPECT_GT(report.rows, 20);
    EXPECT_EQ(report.heads, 1);
    EXPECT_EQ(house.audit->head().seq, report.rows);
}

TEST(AuditChain, every_write_is_in_it_in_the_same_commit) {
    House house;
    const auto before = house.number("SELECT COUNT(*) FROM access_audit");
    house.place("hub", "H");
    EXPECT_EQ(house.number("SELECT COUNT(*) FROM access_audit") - before, 1);
    EXPECT_EQ(house.number("SELECT COUNT(*) FROM access_audit WHERE action = 'create' AND type = 'Organization' AND rid > 0 AND ver = 1"), 1);
    auto work = house.record->begin(record::ReadFilter::system("test"), House::system());
    work->create(json::Value::object({{"resourceType", "Organization"}, {"name", "never"}}));
    work->also([](storage::Group&, const record::Work::RidOf&) { throw Error(ErrorKind::conflict, "test.no", "no"); });
    EXPECT_EQ(testing::code_of([&] { work->commit(); }), "test.no");
    EXPECT_EQ(house.number("SELECT COUNT(*) FROM access_audit") - before, 1) << "undone work leaves no row";
    house.place("hub", "I");
    EXPECT_TRUE(verify_audit(*house.database, house.folder.path()).whole());
}

TEST(AuditChain, sign_ins_and_refusals_are_in_it) {
    House house;
    const auto hub = house.place("hub", "H");
    house.person("doctor", hub.id, role::kDoctor);
    house.sign_in("doctor", "wrong-password-here");
    house.sign_in("doctor");
    house.audit->flush();
    EXPECT_EQ(house.number("SELECT COUNT(*) FROM access_audit WHERE action = 'login' AND outcome = 'denied' AND person > 0"), 1);
    EXPECT_EQ(house.number("SELECT COUNT(*) FROM access_audit WHERE action = 'login' AND outcome = 'success' AND source = '10.1.2.3'"), 1);
}

TEST(AuditChain, the_table_only_grows) {
    Audited house;
    for (const char* sql : {"UPDATE access_audit SET person = 9 WHERE seq = 3", "DELETE FROM access_audit WHERE seq = 3", "DELETE FROM access_audit"}) {
        EXPECT_NE(testing::code_of([&] { house.run([&](storage::Group& group) { group.connection().execute(sql); }); }), "") << sql;
    }
    EXPECT_TRUE(house.verify().whole());
}

TEST(AuditChain, an_altered_field_is_named) {
    for (const char* change :
         {"person = person + 1", "action = 'vread'", "detail = 'x'", "recorded_us = recorded_us - 1", "patient = 5", "outcome = 'denied'", "rid = 1"}) {
        Audited house;
        house.tamper("UPDATE access_audit SET " + std::string(change) + " WHERE seq = 12");
        const auto report = house.verify();
        EXPECT_TRUE(names(report, AuditDefect::Kind::altered, 12)) << change;
        EXPECT_EQ(report.defects.size(), 1U) << change;
    }
}

TEST(AuditChain, a_hash_made_anew_does_not_help) {
    Audited house;
    AuditEvent event;
    std::string prev;
    {
        auto snapshot = house.database->read();
        auto rows = snapshot->connection().query("SELECT prev FROM access_audit WHERE seq = 12");
        ASSERT_TRUE(rows.next());
        prev = rows.text(0);
    }
    event.action = "read";
    const std::string hash = audit_hash(12, event, prev);
    house.tamper(
        "UPDATE access_audit SET recorded_us=0, occurred_us=0, person=0, organisation=0, role='', session8='', outcome='', purpose='', patient=0, type='', "
        "rid=0, ver=0, case_id='', source='', detail='', action='read', hash = " +
        qiao::testing::blob_literal(to_hex(hash)) + " WHERE seq = 12");
    EXPECT_TRUE(names(house.verify(), AuditDefect::Kind::altered, 13)) << "the next row does not follow it";
}

TEST(AuditChain, deleted_rows_are_named) {
    Audited house;
    house.tamper("DELETE FROM access_audit WHERE seq BETWEEN 8 AND 10");
    const auto report = house.verify();
    ASSERT_EQ(report.defects.size(), 1U);
    EXPECT_EQ(report.defects[0].kind, AuditDefect::Kind::missing);
    EXPECT_EQ(report.defects[0].seq, 8);
    EXPECT_EQ(report.defects[0].last_seq, 10);
}

TEST(AuditChain, the_first_rows_deleted_are_named) {
    Audited house;
    house.tamper("DELETE FROM access_audit WHERE seq <= 2");
    EXPECT_TRUE(names(house.verify(), AuditDefect::Kind::missing, 1));
}

TEST(AuditChain, a_cut_end_is_named_by_the_heads) {
    Audited house;
    const auto last = house.rows();
    house.tamper("DELETE FROM access_audit WHERE seq > " + std::to_string(last - 2));
    const auto report = house.verify();
    EXPECT_TRUE(names(report, AuditDefect::Kind::cut_off, last));
    EXPECT_TRUE(names(report, AuditDefect::Kind::cut_off, last - 1));
}

TEST(AuditChain, rows_that_changed_places_are_named) {
    Audited house;
    house.tamper(
        "UPDATE access_audit SET seq = 1000 WHERE seq = 12; UPDATE access_audit SET seq = 12 WHERE seq = 15; UPDATE access_audit SET seq = 15 WHERE seq = "
        "1000;");
    const auto report = house.verify();
    EXPECT_TRUE(names(report, AuditDefect::Kind::reordered, 12));
    EXPECT_TRUE(names(report, AuditDefect::Kind::reordered, 15));
}

TEST(AuditChain, a_chain_made_anew_differs_from_the_heads) {
    Audited house;
    // Somebody with the whole database rewrites every row from 12 on with right hashes.
    house.run([&](storage::Group& group) {
        disarm(group);
        auto& connection = group.connection();
        std::string prev;
        {
            auto rows = connection.query("SELECT hash FROM access_audit WHERE seq = 11");
            ASSERT_TRUE(rows.next());
            prev = rows.text(0);
        }
        connection.execute("DELETE FROM access_audit WHERE seq >= 12");
        for (std::int64_t seq = 12; seq <= house.audit->head().seq; ++seq) {
            AuditEvent event;
            event.action = "read";
            const std::string hash = audit_hash(seq, event, prev);
            connection.execute("INSERT INTO access_audit VALUES(1, ?, 0, 0, 0, 0, '', '', 'read', '', '', 0, '', 0, 0, '', '', '', ?, ?)",
                               {seq, storage::Blob{prev}, storage::Blob{hash}});
            prev = hash;
        }
    });
    const auto report = house.verify();
    ASSERT_EQ(report.defects.size(), 1U);
    EXPECT_EQ(report.defects[0].kind, AuditDefect::Kind::head_differs);
}

TEST(AuditChain, a_forged_head_is_named) {
    Audited house;
    const std::string file = house.folder.path() + "/audit-heads.log";
    std::string text = storage::read_file(file);
    text[text.find(" 1 ") + 3] ^= 1;
    std::ofstream(file) << text;
    const auto report = house.verify();
    ASSERT_FALSE(report.whole());
    EXPECT_EQ(report.defects[0].kind, AuditDefect::Kind::head_forged);
}

TEST(AuditChain, reads_that_a_dying_process_left_come_in_at_the_next_start_once) {
    House house;
    const auto rows = [&] { return house.number("SELECT COUNT(*) FROM access_audit WHERE action = 'read'"); };
    for (int i = 0; i < 5; ++i) house.audit->note(house.audit->event_of(House::system(), "read"));
    house.audit->flush();
    EXPECT_EQ(rows(), 5);
    // What a kill leaves: a journal with events past the stored position.
    house.close();
    {
        AuditJournal left(house.folder.path());
        AuditEvent event;
        event.action = "read";
        for (int i = 0; i < 7; ++i) left.append(event);
    }
    house.open();
    EXPECT_EQ(rows(), 12);
    house.reopen();
    house.reopen();
    EXPECT_EQ(rows(), 12);
    EXPECT_TRUE(verify_audit(*house.database, house.folder.path()).whole());
}

TEST(AuditChain, reads_from_many_threads_and_writes_make_one_chain) {
    House house;
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 200; ++i) house.audit->note(house.audit->event_of(House::system(), "read"));
        });
    }
    for (int i = 0; i < 20; ++i) house.place("clinic", "C" + std::to_string(i));
    threads.clear();
    house.audit->flush();
    const auto report = verify_audit(*house.database, house.folder.path());
    EXPECT_TRUE(report.whole());
    EXPECT_EQ(report.rows, 820);
}

TEST(AuditChain, a_read_port_names_what_was_shown) {
    House house;
    const std::vector<record::Rid> shown = {5, 6, 7};
    const std::vector<record::Rid> one = {5};
    house.record->ports().on_read(House::system(), "search", "Patient", shown, shown);
    house.record->ports().on_read(House::system(), "read", "Patient", one, one);
    house.audit->flush();
    EXPECT_EQ(house.number("SELECT COUNT(*) FROM access_audit WHERE action = 'search' AND detail = 'resources=5,6,7 patients=5,6,7'"), 1);
    EXPECT_EQ(house.number("SELECT COUNT(*) FROM access_audit WHERE action = 'read' AND patient = 5 AND rid = 5 AND detail = ''"), 1);
}

}  // namespace
}  // namespace qiao::access
