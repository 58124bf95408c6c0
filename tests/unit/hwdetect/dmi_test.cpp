// SPDX-License-Identifier: GPL-2.0-or-later
#include "hwdetect/dmi.h"

#include "tests/unit/hwdetect/dmi_table.h"

#include <gmock/gmock.h>

using namespace pando::hwdetect;
using namespace pando::test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

namespace {

const std::string end_mark = dmi_record(127, 99, "");
const std::string uuid_bytes = bytes_of_hex("44 45 4c 4c 58 00 10 4b 80 32 b7 c0 4f 4d 39 33");

std::string system_record() {
    return dmi_record(1, 1, bytes_of_hex("01 02 00 03") + uuid_bytes, {"Dell Inc.", "PowerEdge R640", "7XK2M93"});
}

DmiTable parse(const std::string& table) { return parse_dmi(dmi_entry_point(3, 2, table.size()), table); }

}  // namespace

TEST(Dmi, ReadsRecordsAndTheirTexts) {
    const DmiTable table = parse(system_record() + dmi_record(38, 2, bytes_of_hex("01 20")) + end_mark);
    EXPECT_EQ(table.fault, "");
    EXPECT_EQ(table.major, 3U);
    ASSERT_THAT(table.records, SizeIs(3));
    EXPECT_EQ(table.first(1)->string(4), "Dell Inc.");
    EXPECT_EQ(table.first(1)->string(7), "7XK2M93");
    EXPECT_EQ(table.first(1)->handle, 1);
    EXPECT_EQ(table.first(38)->byte(5), 0x20);
    EXPECT_THAT(table.all(17), IsEmpty());
}

TEST(Dmi, UuidIsLittleEndianSince26) {
    const std::string table = system_record() + end_mark;
    EXPECT_EQ(parse(table).uuid(), "4c4c4544-0058-4b10-8032-b7c04f4d3933");
    EXPECT_EQ(parse_dmi(dmi_entry_point(2, 4, table.size()), table).uuid(), "44454c4c-5800-104b-8032-b7c04f4d3933");
    EXPECT_EQ(parse_dmi("", table).uuid(), "4c4c4544-0058-4b10-8032-b7c04f4d3933") << "no entry point: as today's";
}

TEST(Dmi, NumbersEndWhereTheRecordEnds) {
    const DmiTable table = parse(dmi_record(38, 2, bytes_of_hex("01 20 03")) + end_mark);
    const DmiRecord& record = *table.first(38);
    EXPECT_EQ(record.byte(6), 3);
    EXPECT_FALSE(record.byte(7));
    EXPECT_FALSE(record.word(6));
    EXPECT_EQ(record.word(5), 0x0320);
    EXPECT_FALSE(record.dword(4));
    EXPECT_FALSE(record.qword(static_cast<size_t>(-1)));
}

TEST(Dmi, StringNumbersThatLeadNowhereAreEmptyTexts) {
    const DmiTable table = parse(dmi_record(1, 1, bytes_of_hex("00 02 ff"), {"only one"}) + end_mark);
    for (const size_t offset : {4, 5, 6, 7, 1000}) EXPECT_EQ(table.first(1)->string(offset), "") << offset;
}

TEST(Dmi, TextsAreCleaned) {
    const DmiTable table = parse(dmi_record(1, 1, bytes_of_hex("01"), {"  A\x1b[2J\xff B  "}) + end_mark);
    EXPECT_EQ(table.first(1)->string(4), "A [2J B");
}

TEST(Dmi, CutOffAnywhereKeepsWhatWasWhole) {
    const std::string whole = system_record() + dmi_record(3, 3, bytes_of_hex("01 02"), {"vendor"}) + end_mark;
    const size_t first = system_record().size();
    for (size_t length = 0; length < whole.size(); ++length) {
        const DmiTable table = parse_dmi(dmi_entry_point(3, 2, whole.size()), whole.substr(0, length));
        const bool complete = length >= whole.size() - 2;  // only the end mark's own two zeros are missing
        EXPECT_EQ(table.first(1) != nullptr, length >= first) << length;
        EXPECT_EQ(table.fault.empty(), complete || length == 0) << length << ": " << table.fault;
    }
}

TEST(Dmi, HostileLengthsEndTheReading) {
    for (const std::string& bad :
         {std::string("\x01\x00\x00\x00", 4), std::string("\x01\x03\x00\x00\x00\x00", 6),
          std::string("\x01\xff\x00\x00\x00\x00", 6), std::string("\x01\x04\x00\x00zzzz", 8)}) {
        const DmiTable table = parse(system_record() + bad);
        EXPECT_THAT(table.records, SizeIs(1));
        EXPECT_THAT(table.fault, HasSubstr("record 2"));
    }
}

TEST(Dmi, AnEndlessTableHasAnEnd) {
    std::string endless;
    while (endless.size() < 3 * dmi_table_limit) endless += dmi_record(11, 1, "", {});
    const DmiTable table = parse(endless);
    EXPECT_LT(table.records.size(), 10000U);
    EXPECT_THAT(table.fault, HasSubstr("one too many"));
    // And one record that is nothing but texts.
    const std::string texts = dmi_record(11, 1, bytes_of_hex("ff"), std::vector<std::string>(600000, "x"));
    const DmiTable chatty = parse(texts + end_mark);
    for (const DmiRecord& record : chatty.records) EXPECT_LE(record.strings.size(), 255U);
}

TEST(Dmi, TheEntryPointBoundsTheTable) {
    const std::string table = system_record() + end_mark;
    EXPECT_THAT(parse_dmi(dmi_entry_point(3, 2, 10), table).records, IsEmpty());
    // Version 2 counts the records; such a table may lack the end mark.
    std::string old = "_SM_" + std::string(27, '\0');
    old[6] = 2;
    old[7] = 4;
    old[22] = static_cast<char>(system_record().size());
    old[28] = 1;
    const DmiTable counted = parse_dmi(old, system_record());
    EXPECT_THAT(counted.records, SizeIs(1));
    EXPECT_EQ(counted.fault, "");
}

TEST(Dmi, NothingIsNoFault) {
    EXPECT_EQ(parse_dmi("", "").fault, "");
    EXPECT_EQ(parse_dmi("", "").uuid(), "");
    EXPECT_EQ(parse(dmi_record(1, 1, "\x01") + end_mark).uuid(), "") << "a record that ends before its UUID";
}
