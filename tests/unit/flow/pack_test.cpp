#include "flow/pack.hpp"

#include "base/error.hpp"
#include "storage/file.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>

namespace qiao::flow {
namespace {

const Instant kToday = *parse_instant("2026-11-21T00:00:00Z");

TEST(Pack, BothPacksLoad) {
    for (const char* folder : {"packs/CN", "packs/generic"}) {
        const auto pack = Pack::load(folder, kToday);
        ASSERT_NE(pack->clock("consult", "check"), nullptr) << folder;
        EXPECT_EQ(pack->clock("consult", "check")->kind, ClockKind::working);
        EXPECT_EQ(pack->clock("consult", "check")->budget, std::chrono::hours(4));
        EXPECT_EQ(pack->clock("consult", "arrange")->budget, std::chrono::hours(48));
        EXPECT_EQ(pack->timer("consult", "returned")->action, "lapse");
        EXPECT_EQ(*pack->pause_cap("material_missing"), std::chrono::hours(72));
        EXPECT_EQ(pack->pause_cap("lunch"), nullptr);
        EXPECT_FALSE(pack->codes("specialties").empty());
    }
}

TEST(Pack, AClockBeforeItsFirstDayIsSaidToBeOne) {
    try {
        static_cast<void>(Pack::load("packs/CN", *parse_instant("2020-02-03T00:00:00Z")));
        ADD_FAILURE() << "nothing of the pack holds";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), "flow.pack_not_yet_valid");
        const std::string said = error.what();
        EXPECT_NE(said.find("2020-02-03"), std::string::npos) << said;
        EXPECT_NE(said.find("set the clock"), std::string::npos) << said;
        EXPECT_EQ(said.find("notify.test"), std::string::npos) << said;
    }
}

class BadPack : public ::testing::Test {
protected:
    BadPack() { std::filesystem::copy("packs/generic", folder_, std::filesystem::copy_options::recursive); }
    ~BadPack() override { std::filesystem::remove_all(folder_); }

    std::string refusal(const std::string& file, const std::string& text) {
        storage::write_file_durably(folder_ + "/" + file, text);
        try {
            static_cast<void>(Pack::load(folder_, kToday));
        } catch (const Error& error) {
            return error.what();
        }
        return "";
    }

    const std::string folder_ = ::testing::TempDir() + "/pack_" + std::to_string(::getpid());
};

TEST_F(BadPack, SaysWhere) {
    EXPECT_NE(refusal("pauses.toml", "[[pause]]\nreason = \"x\"\nvalid_from = 2026-01-01\nsource = \"s\"\n").find("pauses.toml line 1"), std::string::npos);
    EXPECT_NE(refusal("pauses.toml", "[[pause]\n").find("pauses.toml line 1"), std::string::npos);
    EXPECT_NE(refusal("pauses.toml", "[[pause]]\nreason = \"x\"\ncap_minutes = 5\nvalid_from = 2026-01-01\n").find("source"), std::string::npos);
}

TEST_F(BadPack, FutureRowsDoNotHoldYet) {
    storage::write_file_durably(folder_ + "/pauses.toml", "[[pause]]\nreason = \"later\"\ncap_minutes = 5\nvalid_from = 2030-01-01\nsource = \"s\"\n");
    EXPECT_EQ(Pack::load(folder_, kToday)->pause_cap("later"), nullptr);
}

}  // namespace
}  // namespace qiao::flow
