// SPDX-License-Identifier: GPL-2.0
/* guest/lib/state.c: every (order, state, event) and every (state, state word). */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "../../guest/lib/tests/state_drawn.h"

static void every_pair_goes_where_the_drawing_says(void **state)
{
	int o, s, e;

	(void)state;
	for (o = 0; o < TDI_NR_ORDERS; o++) {
		for (s = 0; s < TDI_NR_STATES; s++) {
			assert_int_equal(strlen(drawn[o][s]), TDI_NR_EVENTS);
			for (e = 0; e < TDI_NR_EVENTS; e++) {
				enum tdi_state next = (enum tdi_state)77;
				int err = tdi_state_next(o, s, e, &next);
				char want = drawn[o][s][e];
				char got = err ? '.' : LETTERS[next];

				if (got != want)
					fail_msg("order %d, %s, %s: %c, should be %c", o,
						 tdi_state_name(s), tdi_event_name(e), got, want);
				if (err) {
					assert_int_equal(err, -EINVAL);
					assert_int_equal(next, 77);
				}
			}
		}
	}
}

static void what_is_no_order_state_or_event_is_refused(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(nothings); i++) {
		enum tdi_state next = (enum tdi_state)77;

		check_row(nothings[i].desc, tdi_state_next(nothings[i].order, nothings[i].state,
						       nothings[i].event, &next) == -EINVAL);
		check_row(nothings[i].desc, next == (enum tdi_state)77);
	}
}

static void walk(enum tdi_order order, const enum tdi_event *events, size_t n,
		 const enum tdisp_state *words)
{
	enum tdi_state s = TDI_UNLOCKED;
	size_t i;

	for (i = 0; i < n; i++) {
		assert_int_equal(tdi_state_next(order, s, events[i], &s), 0);
		assert_true(tdi_state_agrees(s, words[i]));
	}
}

static void both_orders_lead_from_unlocked_to_run_and_back(void **state)
{
	static const enum tdi_event accept_first[] = {
		TDI_EV_BIND, TDI_EV_ATTEST, TDI_EV_ATTEST, TDI_EV_ACCEPT, TDI_EV_START,
		TDI_EV_UNBIND,
	};
	static const enum tdisp_state accept_first_words[] = {
		TDISP_CONFIG_LOCKED, TDISP_CONFIG_LOCKED, TDISP_CONFIG_LOCKED,
		TDISP_CONFIG_LOCKED, TDISP_RUN, TDISP_CONFIG_UNLOCKED,
	};
	static const enum tdi_event start_first[] = {
		TDI_EV_BIND, TDI_EV_ATTEST, TDI_EV_START, TDI_EV_ACCEPT, TDI_EV_UNBIND,
	};
	static const enum tdisp_state start_first_words[] = {
		TDISP_CONFIG_LOCKED, TDISP_CONFIG_LOCKED, TDISP_RUN, TDISP_RUN,
		TDISP_CONFIG_UNLOCKED,
	};

	(void)state;
	walk(TDI_ACCEPT_FIRST, accept_first, ARRAY_SIZE(accept_first), accept_first_words);
	walk(TDI_START_FIRST, start_first, ARRAY_SIZE(start_first), start_first_words);
}

/* Not from the drawing: a property that no drawing may lack. */
static void run_is_reached_only_through_attested(void **state)
{
	int o, s, e;

	(void)state;
	for (o = 0; o < TDI_NR_ORDERS; o++) {
		bool reached[TDI_NR_STATES] = { [TDI_UNLOCKED] = true };
		int round;

		/* What can be reached if evidence never verifies. */
		for (round = 0; round < TDI_NR_STATES; round++) {
			for (s = 0; s < TDI_NR_STATES; s++) {
				for (e = 0; e < TDI_NR_EVENTS; e++) {
					enum tdi_state next;

					if (e == TDI_EV_ATTEST || !reached[s])
						continue;
					if (!tdi_state_next(o, s, e, &next))
						reached[next] = true;
				}
			}
		}
		assert_true(reached[TDI_LOCKED]);
		assert_true(reached[TDI_ERROR]);
		assert_false(reached[TDI_ATTESTED]);
		assert_false(reached[TDI_ACCEPTED]);
		assert_false(reached[TDI_STARTED]);
		assert_false(reached[TDI_RUN]);
	}
}

static void each_state_agrees_with_its_words_alone(void **state)
{
	size_t s, w;

	(void)state;
	for (s = 0; s < TDI_NR_STATES; s++)
		for (w = 0; w < ARRAY_SIZE(words); w++)
			check_row(tdi_state_name(s), tdi_state_agrees(s, words[w]) ==
				  (agrees[s][w] == 'y'));
}

static void what_is_no_state_agrees_with_nothing(void **state)
{
	(void)state;
	assert_false(tdi_state_agrees(TDI_NR_STATES, TDISP_CONFIG_UNLOCKED));
	assert_false(tdi_state_agrees(TDI_NR_STATES, TDISP_RUN));
	assert_false(tdi_state_agrees((enum tdi_state)-1, TDISP_RUN));
}

static void names_are_the_standards_and_distinct(void **state)
{
	int i, j;

	(void)state;
	assert_string_equal(tdisp_state_name(TDISP_CONFIG_UNLOCKED), "CONFIG_UNLOCKED");
	assert_string_equal(tdisp_state_name(TDISP_CONFIG_LOCKED), "CONFIG_LOCKED");
	assert_string_equal(tdisp_state_name(TDISP_RUN), "RUN");
	assert_string_equal(tdisp_state_name(TDISP_ERROR), "ERROR");
	assert_string_equal(tdi_state_name(TDI_ATTESTED), "attested");
	assert_string_equal(tdi_event_name(TDI_EV_UNBIND), "unbind");
	for (i = 0; i < TDI_NR_STATES; i++)
		for (j = 0; j < i; j++)
			assert_string_not_equal(tdi_state_name(i), tdi_state_name(j));
	for (i = 0; i < TDI_NR_EVENTS; i++)
		for (j = 0; j < i; j++)
			assert_string_not_equal(tdi_event_name(i), tdi_event_name(j));
}

static void what_has_no_name_is_unknown(void **state)
{
	(void)state;
	assert_string_equal(tdisp_state_name((enum tdisp_state)4), "unknown");
	assert_string_equal(tdisp_state_name((enum tdisp_state)255), "unknown");
	assert_string_equal(tdi_state_name(TDI_NR_STATES), "unknown");
	assert_string_equal(tdi_state_name((enum tdi_state)-1), "unknown");
	assert_string_equal(tdi_event_name(TDI_NR_EVENTS), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_pair_goes_where_the_drawing_says),
		cmocka_unit_test(what_is_no_order_state_or_event_is_refused),
		cmocka_unit_test(both_orders_lead_from_unlocked_to_run_and_back),
		cmocka_unit_test(run_is_reached_only_through_attested),
		cmocka_unit_test(each_state_agrees_with_its_words_alone),
		cmocka_unit_test(what_is_no_state_agrees_with_nothing),
		cmocka_unit_test(names_are_the_standards_and_distinct),
		cmocka_unit_test(what_has_no_name_is_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
