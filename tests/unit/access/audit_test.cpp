#include "access/audit.hpp"
#include "base/text.hpp"
#include "house.hpp"
#include "storage/file.hpp"

#include <algorithm>
#include <filesystem>
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

/// The file of heads as it was taken elsewhere, with its key.
struct Elsewhere {
    explicit Elsewhere(const House& house) {
        for (const std::string_view name : {kHeadsName, kHeadKeyName}) std::filesystem::copy_file(house.folder.path() + "/" + std::string(name), folder.path() + "/" + std::string(name));
    }
    [[nodiscard]] std::string file() const { return folder.path() + "/" + std::string(kHeadsName); }
    AuditReport verify(House& house) const { return verify_audit(*house.database, house.folder.path(), 1, {}, file()); }
    testing::Folder folder;
};

TEST(AuditHeads, kept_elsewhere_vouch_for_an_untouched_chain) {
    Audited house;
    const Elsewhere kept(house);
    const auto report = kept.verify(house);
    EXPECT_TRUE(report.whole()) << (report.defects.empty() ? "" : report.defects[0].text);
    EXPECT_EQ(report.heads_outside, 1);
    EXPECT_EQ(report.last_outside, house.rows());
    EXPECT_NE(report.last_outside_time, "");
}

TEST(AuditHeads, kept_elsewhere_show_a_chain_that_went_back) {
    Audited house;
    const Elsewhere kept(house);
    const auto last = house.rows();
    // As after a restore of an older copy, heads and all.
    house.tamper("DELETE FROM access_audit WHERE seq > " + std::to_string(last - 2));
    std::filesystem::remove(house.folder.path() + "/audit-heads.log");
    EXPECT_TRUE(house.verify().whole()) << "from here alone it looks whole";
    EXPECT_TRUE(names(kept.verify(house), AuditDefect::Kind::cut_off, last));
}

TEST(AuditHeads, kept_elsewhere_show_a_chain_and_a_key_made_anew) {
    Audited house;
    const Elsewhere kept(house);
    house.run([&](storage::Group& group) {
        disarm(group);
        auto& connection = group.connection();
        connection.execute("DELETE FROM access_audit");
        std::string prev;
        for (std::int64_t seq = 1; seq <= house.audit->head().seq; ++seq) {
            AuditEvent event;
            event.action = "read";
            const std::string hash = audit_hash(seq, event, prev);
            connection.execute("INSERT INTO access_audit VALUES(1, ?, 0, 0, 0, 0, '', '', 'read', '', '', 0, '', 0, 0, '', '', '', ?, ?)",
                               {seq, storage::Blob{prev}, storage::Blob{hash}});
            prev = hash;
        }
    });
    const testing::Folder anew;
    { Audit audit(*house.database, *house.writer, house.clock, anew.path()); }  // makes a key and signs a head when it ends
    EXPECT_TRUE(verify_audit(*house.database, anew.path()).whole()) << "from here alone it looks whole";
    const auto report = verify_audit(*house.database, anew.path(), 1, {}, kept.file());
    EXPECT_TRUE(names(report, AuditDefect::Kind::key_differs, 0));
    const bool differs = std::any_of(report.defects.begin(), report.defects.end(), [](const AuditDefect& one) { return one.kind == AuditDefect::Kind::head_differs; });
    EXPECT_TRUE(differs);
}

TEST(AuditHeads, an_altered_file_elsewhere_is_named_and_a_torn_line_says_nothing) {
    Audited house;
    const Elsewhere kept(house);
    const std::string text = storage::read_file(kept.file());
    std::ofstream(kept.file()) << text << text.substr(0, text.size() / 2);
    EXPECT_TRUE(kept.verify(house).whole()) << "the power was cut while a line was written";
    append_head(kept.folder.path(), trim(text));
    EXPECT_EQ(kept.verify(house).heads_outside, 2) << "the next line begins anew";
    std::string other = text;
    other[other.find(" 1 ") + 3] ^= 1;
    std::ofstream(kept.file()) << other << text;
    EXPECT_TRUE(names(kept.verify(house), AuditDefect::Kind::head_forged, 0));
    std::ofstream(kept.file()) << "";
    EXPECT_TRUE(names(kept.verify(house), AuditDefect::Kind::head_forged, 0)) << "an empty file vouches for nothing";
}

TEST(AuditHeads, an_older_file_elsewhere_vouches_up_to_its_last_row) {
    Audited house;
    const Elsewhere kept(house);
    const auto then = house.rows();
    house.audit->note(house.audit->event_of({}, "read"));
    house.audit->flush();
    house.audit->write_head();
    const auto report = kept.verify(house);
    EXPECT_TRUE(report.whole());
    EXPECT_EQ(report.last_outside, then);
    EXPECT_GT(report.rows, then);
}

TEST(AuditHeads, go_to_the_other_folder_and_wait_while_it_is_away) {
    House house;
    const testing::Folder own, other;
    const std::string there = other.path() + "/mount";
    {
        Audit audit(*house.database, *house.writer, house.clock, own.path(), there);
        audit.note(audit.event_of({}, "read"));
        audit.flush();
        audit.write_head();  // nobody answers
        std::filesystem::create_directory(there);
        audit.write_head();
    }
    const auto report = verify_audit(*house.database, own.path(), 1, {}, there + "/audit-heads.log");
    EXPECT_TRUE(report.whole()) << (report.defects.empty() ? "" : report.defects[0].text);
    EXPECT_GE(report.heads_outside, 1);
    EXPECT_EQ(report.last_outside, report.rows);
    std::filesystem::permissions(there + "/audit-head.pub", std::filesystem::perms::owner_all);
    std::ofstream(there + "/audit-head.pub") << std::string(64, 'a') << "\n";
    const auto before = std::filesystem::file_size(there + "/audit-heads.log");
    { Audit audit(*house.database, *house.writer, house.clock, own.path(), there); }
    EXPECT_EQ(std::filesystem::file_size(there + "/audit-heads.log"), before) << "the heads of another centre are not mixed with these";
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
