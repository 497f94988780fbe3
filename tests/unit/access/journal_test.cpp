#include "access/audit_journal.hpp"
#include "house.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>

#include <filesystem>
#include <fstream>

namespace qiao::access {
namespace {

AuditEvent event(std::int64_t rid) {
    AuditEvent one;
    one.recorded_us = 1'700'000'000'000'000 + rid;
    one.occurred_us = one.recorded_us;
    one.person = 3, one.organisation = -1, one.role = "doctor", one.session8 = "0011223344556677", one.action = "read", one.outcome = "success";
    one.purpose = "TREAT", one.patient = 42, one.type = "Observation", one.rid = rid, one.version = 2, one.case_id = "c", one.source = "10.0.0.1";
    one.detail = std::string("with\0zero", 9);
    return one;
}

std::string file_of(const testing::Folder& folder, int number) { return folder.path() + "/audit-journal-" + std::to_string(number) + ".log"; }

TEST(Journal, fields_read_back) {
    const auto parsed = parse_fields(canonical_fields(event(7)));
    ASSERT_TRUE(parsed);
    EXPECT_EQ(*parsed, event(7));
}

TEST(Journal, fields_cut_anywhere_are_refused) {
    const std::string whole = canonical_fields(event(7));
    for (std::size_t length = 0; length < whole.size(); ++length) EXPECT_FALSE(parse_fields(whole.substr(0, length))) << length;
    EXPECT_FALSE(parse_fields(whole + "x"));
    std::string huge = whole;
    huge[40] = '\xff', huge[41] = '\xff', huge[42] = '\xff', huge[43] = '\xff';  // a text length far over what is there
    EXPECT_FALSE(parse_fields(huge));
}

TEST(Journal, no_two_events_have_the_same_bytes) {
    AuditEvent a = event(1);
    AuditEvent b = event(1);
    a.role = "ab", a.session8 = "c";
    b.role = "a", b.session8 = "bc";
    EXPECT_NE(canonical_fields(a), canonical_fields(b));
}

TEST(Journal, appended_events_come_back_in_order) {
    testing::Folder folder;
    AuditJournal journal(folder.path());
    for (int i = 0; i < 10; ++i) journal.append(event(i));
    journal.sync();
    const auto first = journal.read(journal.current(), 0, 4);
    ASSERT_EQ(first.events.size(), 4U);
    EXPECT_FALSE(first.end_of_file);
    const auto rest = journal.read(journal.current(), first.next, 100);
    ASSERT_EQ(rest.events.size(), 6U);
    EXPECT_TRUE(rest.end_of_file);
    EXPECT_EQ(rest.events.back(), event(9));
}

TEST(Journal, a_torn_tail_is_cut_and_what_stands_before_it_stays) {
    testing::Folder folder;
    {
        AuditJournal journal(folder.path());
        for (int i = 0; i < 3; ++i) journal.append(event(i));
    }
    const auto size = std::filesystem::file_size(file_of(folder, 1));
    for (std::uintmax_t cut = 1; cut < 150; cut += 7) {
        std::filesystem::copy_file(file_of(folder, 1), file_of(folder, 90), std::filesystem::copy_options::overwrite_existing);
        std::filesystem::resize_file(file_of(folder, 90), size - cut);
        AuditJournal journal(folder.path());
        EXPECT_EQ(journal.read(90, 0, 100).events.size(), 2U) << cut;
        journal.retire(journal.current(), 0);
    }
}

TEST(Journal, a_flipped_bit_ends_the_reading) {
    testing::Folder folder;
    {
        AuditJournal journal(folder.path());
        for (int i = 0; i < 3; ++i) journal.append(event(i));
    }
    std::fstream file(file_of(folder, 1), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(60);
    file.put('\x7f');
    file.close();
    AuditJournal journal(folder.path());
    EXPECT_EQ(journal.read(1, 0, 100).events.size(), 0U);
}

TEST(Journal, a_new_start_takes_a_new_file_and_keeps_the_old_ones) {
    testing::Folder folder;
    {
        AuditJournal journal(folder.path());
        journal.append(event(1));
    }
    AuditJournal journal(folder.path());
    EXPECT_EQ(journal.current(), 2);
    EXPECT_EQ(journal.files(), (std::vector<std::int64_t>{1, 2}));
    journal.append(event(2));
    journal.roll(1);
    EXPECT_EQ(journal.current(), 3);
    journal.roll(1'000'000);
    EXPECT_EQ(journal.current(), 3);
}

TEST(Journal, what_cannot_be_read_stays_as_evidence) {
    testing::Folder folder;
    {
        AuditJournal journal(folder.path());
        for (int i = 0; i < 3; ++i) journal.append(event(i));
    }
    AuditJournal journal(folder.path());
    const auto piece = journal.read(1, 0, 2);
    EXPECT_GT(journal.retire(1, piece.next), 0U);
    EXPECT_TRUE(std::filesystem::exists(folder.path() + "/audit-damaged-1.log"));
    EXPECT_EQ(journal.retire(2, 0), 0U);
    EXPECT_EQ(journal.files(), std::vector<std::int64_t>{});
}

TEST(Journal, a_full_disk_is_an_error_and_leaves_no_half_record) {
    testing::Folder folder;
    AuditJournal journal(folder.path());
    journal.append(event(1));
    const auto size = std::filesystem::file_size(file_of(folder, 1));
    struct rlimit before {};
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
    struct rlimit small = before;
    small.rlim_cur = size + 20;
    signal(SIGXFSZ, SIG_IGN);
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
    const std::string code = testing::code_of([&] { journal.append(event(2)); });
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
    EXPECT_TRUE(code == "storage.full" || code == "storage.failed") << code;
    EXPECT_EQ(std::filesystem::file_size(file_of(folder, 1)), size);
    journal.append(event(3));
    EXPECT_EQ(journal.read(1, 0, 10).events.size(), 2U);
}

}  // namespace
}  // namespace qiao::access
