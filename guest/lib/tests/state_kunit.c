// SPDX-License-Identifier: GPL-2.0
/* state.c in the kernel: every (order, state, event), from a drawing, not the table. */
#include <kunit/test.h>

#include "state_drawn.h"

static const struct row {
	const char *desc;
	enum tdi_order order;
	enum tdi_state state;
} rows[] = {
	{ "accept first, unlocked", TDI_ACCEPT_FIRST, TDI_UNLOCKED },
	{ "accept first, locked", TDI_ACCEPT_FIRST, TDI_LOCKED },
	{ "accept first, attested", TDI_ACCEPT_FIRST, TDI_ATTESTED },
	{ "accept first, accepted", TDI_ACCEPT_FIRST, TDI_ACCEPTED },
	{ "accept first, started", TDI_ACCEPT_FIRST, TDI_STARTED },
	{ "accept first, run", TDI_ACCEPT_FIRST, TDI_RUN },
	{ "accept first, error", TDI_ACCEPT_FIRST, TDI_ERROR },
	{ "start first, unlocked", TDI_START_FIRST, TDI_UNLOCKED },
	{ "start first, locked", TDI_START_FIRST, TDI_LOCKED },
	{ "start first, attested", TDI_START_FIRST, TDI_ATTESTED },
	{ "start first, accepted", TDI_START_FIRST, TDI_ACCEPTED },
	{ "start first, started", TDI_START_FIRST, TDI_STARTED },
	{ "start first, run", TDI_START_FIRST, TDI_RUN },
	{ "start first, error", TDI_START_FIRST, TDI_ERROR },
};

KUNIT_ARRAY_PARAM_DESC(row, rows, desc);

static void every_event_goes_where_the_drawing_says(struct kunit *test)
{
	const struct row *r = test->param_value;
	const char *want = drawn[r->order][r->state];
	enum tdi_event e;

	for (e = 0; e < TDI_NR_EVENTS; e++) {
		enum tdi_state next = 77;
		int err = tdi_state_next(r->order, r->state, e, &next);

		if (want[e] == '.') {
			KUNIT_EXPECT_EQ_MSG(test, err, -EINVAL, "%s", tdi_event_name(e));
			KUNIT_EXPECT_EQ(test, next, 77);
		} else {
			KUNIT_EXPECT_EQ_MSG(test, err, 0, "%s", tdi_event_name(e));
			KUNIT_EXPECT_EQ(test, LETTERS[next], want[e]);
		}
	}
}

static void the_drawing_is_complete(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, ARRAY_SIZE(rows), TDI_NR_ORDERS * TDI_NR_STATES);
	KUNIT_EXPECT_EQ(test, strlen(drawn[0][0]), TDI_NR_EVENTS);
	KUNIT_EXPECT_EQ(test, strlen(LETTERS), TDI_NR_STATES);
}

KUNIT_ARRAY_PARAM_DESC(nothing, nothings, desc);

static void what_is_none_of_ours_is_refused(struct kunit *test)
{
	const struct nothing *n = test->param_value;
	enum tdi_state next = 77;

	KUNIT_EXPECT_EQ(test, tdi_state_next(n->order, n->state, n->event, &next), -EINVAL);
	KUNIT_EXPECT_EQ(test, next, 77);
}

static void run_is_reached_only_through_attested(struct kunit *test)
{
	int o, s, e, round;

	for (o = 0; o < TDI_NR_ORDERS; o++) {
		bool reached[TDI_NR_STATES] = { [TDI_UNLOCKED] = true };

		for (round = 0; round < TDI_NR_STATES; round++)
			for (s = 0; s < TDI_NR_STATES; s++)
				for (e = 0; e < TDI_NR_EVENTS; e++) {
					enum tdi_state next;

					if (e != TDI_EV_ATTEST && reached[s] &&
					    !tdi_state_next(o, s, e, &next))
						reached[next] = true;
				}
		KUNIT_EXPECT_TRUE(test, reached[TDI_LOCKED]);
		KUNIT_EXPECT_FALSE(test, reached[TDI_ACCEPTED]);
		KUNIT_EXPECT_FALSE(test, reached[TDI_STARTED]);
		KUNIT_EXPECT_FALSE(test, reached[TDI_RUN]);
	}
}

static void error_is_left_by_unbind_alone(struct kunit *test)
{
	int o, e;

	for (o = 0; o < TDI_NR_ORDERS; o++)
		for (e = 0; e < TDI_NR_EVENTS; e++) {
			enum tdi_state next = TDI_ERROR;

			tdi_state_next(o, TDI_ERROR, e, &next);
			KUNIT_EXPECT_EQ(test, next,
					e == TDI_EV_UNBIND ? TDI_UNLOCKED : TDI_ERROR);
		}
}

static void a_fault_is_legal_everywhere(struct kunit *test)
{
	int o, s;

	for (o = 0; o < TDI_NR_ORDERS; o++)
		for (s = 0; s < TDI_NR_STATES; s++) {
			enum tdi_state next;

			KUNIT_EXPECT_EQ(test, tdi_state_next(o, s, TDI_EV_FAULT, &next), 0);
			KUNIT_EXPECT_EQ(test, next, TDI_ERROR);
		}
}

static void each_state_agrees_with_its_words_alone(struct kunit *test)
{
	size_t s, w;

	for (s = 0; s < TDI_NR_STATES; s++)
		for (w = 0; w < ARRAY_SIZE(words); w++)
			KUNIT_EXPECT_EQ(test, tdi_state_agrees(s, words[w]), agrees[s][w] == 'y');
	KUNIT_EXPECT_FALSE(test, tdi_state_agrees(TDI_NR_STATES, TDISP_RUN));
}

static void what_has_no_name_is_unknown(struct kunit *test)
{
	KUNIT_EXPECT_STREQ(test, tdisp_state_name(TDISP_CONFIG_LOCKED), "CONFIG_LOCKED");
	KUNIT_EXPECT_STREQ(test, tdisp_state_name(4), "unknown");
	KUNIT_EXPECT_STREQ(test, tdi_state_name(TDI_NR_STATES), "unknown");
	KUNIT_EXPECT_STREQ(test, tdi_event_name(TDI_NR_EVENTS), "unknown");
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(every_event_goes_where_the_drawing_says, row_gen_params),
	KUNIT_CASE(the_drawing_is_complete),
	KUNIT_CASE_PARAM(what_is_none_of_ours_is_refused, nothing_gen_params),
	KUNIT_CASE(run_is_reached_only_through_attested),
	KUNIT_CASE(error_is_left_by_unbind_alone),
	KUNIT_CASE(a_fault_is_legal_everywhere),
	KUNIT_CASE(each_state_agrees_with_its_words_alone),
	KUNIT_CASE(what_has_no_name_is_unknown),
	{}
};

static struct kunit_suite suite = { .name = "tdi-state", .test_cases = cases };
kunit_test_suite(suite);
