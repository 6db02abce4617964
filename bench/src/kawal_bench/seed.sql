-- Fills ticket-core's tables with cases as they look after some months: 85 % closed, 10 % resolved, 5 % active.
-- `seed_number` (i, number) says how many, and with which numbers. Every eighth case is by the person of the case
-- before it; two of three are known by phone; every thousandth is long: fifty entries. Bulk loading: foreign keys are
-- not checked row by row, because every row below is made from `seed_case`.
SET LOCAL session_replication_role = replica;
SET LOCAL synchronous_commit = off;
SET LOCAL work_mem = '64MB';

CREATE TEMPORARY TABLE seed_case ON COMMIT DROP AS
SELECT i,
       number,
       md5('kawal seed case ' || i)::uuid AS case_id,
       md5('kawal seed participant ' || (i - (i % 8) / 7))::uuid AS participant_id,
       'chat:seed' || lpad(i::text, 12, '0') AS conversation_id,
       opened_at,
       CASE WHEN i % 1000 = 0 THEN 'open'
            WHEN i % 20 = 1 THEN (ARRAY['new', 'open', 'pending', 'on_hold'])[1 + (i / 20) % 4]
            WHEN i % 10 = 2 THEN 'resolved'
            ELSE 'closed' END AS state,
       (ARRAY['registration.otp_not_received', 'incentive.not_paid', 'training.certificate_missing',
              'verification.nik_already_used', 'selection.result_unclear'])[1 + i % 5] AS topic,
       (ARRAY['Insentif saya belum cair padahal sudah isi survei evaluasi, mohon dicek ya kak',
              'Kode OTP tidak masuk dari tadi, sinyal bagus', 'Sertifikat pelatihan belum muncul di dasbor',
              'NIK saya katanya sudah dipakai orang lain'])[1 + i % 4] AS words,
       (ARRAY['Sari', 'Budi', 'Dewi', 'Agus', 'Putri', 'Rizky'])[1 + i % 6] || ' '
           || (ARRAY['Wulandari', 'Santoso', 'Hidayat', 'Siregar'])[1 + i % 4] AS name
FROM (
    SELECT i, number, now() - interval '90 days' * (1 - (i + 0.0) / count(*) OVER ()) - interval '1 minute' AS opened_at
    FROM seed_number
) AS numbered;

INSERT INTO core.participants (id, name, locale, last_case_id, created_at)
SELECT DISTINCT ON (participant_id) participant_id, name, 'id', case_id, opened_at
FROM seed_case ORDER BY participant_id, opened_at DESC;

INSERT INTO core.identities (key, kind, value, participant_id, assurance)
SELECT substr(sha256(convert_to('conversation:' || conversation_id, 'UTF8')), 1, 16),
       'conversation', conversation_id, participant_id, 'possessed'
FROM seed_case;

INSERT INTO core.identities (key, kind, value, participant_id, assurance)
SELECT substr(sha256(convert_to('phone:' || phone, 'UTF8')), 1, 16), 'phone', phone, participant_id, 'possessed'
FROM (SELECT participant_id, '+62898' || lpad(i::text, 8, '0') AS phone FROM seed_case WHERE i % 3 > 0) AS known;

INSERT INTO core.cases (id, number, participant_id, opened_at, activity_at, state, topic, priority, subject, snippet,
                        last_kind, channels, aliases, conversation_id, waiting_since, resolved_at, close_at, last_seq,
                        stamp)
SELECT case_id, number, participant_id, opened_at, opened_at + interval '20 seconds', state, topic, 'normal', words, words,
       'message', '{chat}', '{}', conversation_id,
       CASE WHEN state IN ('new', 'open') THEN opened_at END,
       CASE WHEN state IN ('resolved', 'closed') THEN opened_at + interval '20 seconds' END,
       CASE WHEN state = 'resolved' THEN now() + interval '7 days' + interval '1 second' * (i % 600000) END,
       CASE WHEN i % 1000 = 0 THEN 50 WHEN state = 'new' THEN 3 WHEN state = 'closed' THEN 6 WHEN state = 'resolved' THEN 5
            ELSE 4 END,
       0
FROM seed_case;

INSERT INTO core.case_numbers (number, case_id, source, event_id)
SELECT number, case_id, '/chat-ingest', conversation_id || '/seed' FROM seed_case;

INSERT INTO core.conversations (id, channel, participant_id, locale, name, identities, case_id, last_seq, read_seq)
SELECT conversation_id, 'chat', participant_id, 'id', name, '[]', case_id,
       CASE WHEN i % 1000 = 0 THEN 49 WHEN state = 'new' THEN 2 ELSE 3 END, 0
FROM seed_case;

INSERT INTO core.timers (case_id, kind, due_at, fire_at)
SELECT id, 'close', close_at, close_at FROM core.cases WHERE close_at IS NOT NULL ON CONFLICT DO NOTHING;

INSERT INTO core.timeline (case_id, seq, kind, at, author, author_id, author_name, channel, conversation_id,
                           conversation_seq, text, state, payload, stamp)
SELECT case_id, seq, kind, opened_at + interval '4 seconds' * seq, author,
       CASE author WHEN 'agent' THEN '00000000-0000-0000-0000-000000000000' END,
       CASE author WHEN 'agent' THEN 'Dewi Lestari' WHEN 'participant' THEN name END,
       'chat', conversation_id,
       CASE WHEN kind IN ('message', 'notice') THEN seq - 1 END,
       CASE kind WHEN 'message' THEN words ELSE '' END,
       CASE seq WHEN 1 THEN 'new' WHEN 4 THEN 'pending' WHEN 5 THEN 'resolved' WHEN 6 THEN 'closed' END,
       CASE kind
           WHEN 'opened' THEN jsonb_build_object('number', number, 'participant_id', participant_id, 'topic', topic)
           WHEN 'notice' THEN '{"template": "received"}'
           ELSE '{}' END,
       0
FROM seed_case
CROSS JOIN (
    VALUES (1, 'opened', 'participant'), (2, 'message', 'participant'), (3, 'notice', 'system'),
           (4, 'message', 'agent'), (5, 'state', 'agent'), (6, 'state', 'system')
) AS entry (seq, kind, author)
WHERE i % 1000 <> 0
  AND seq <= CASE state WHEN 'new' THEN 3 WHEN 'closed' THEN 6 WHEN 'resolved' THEN 5 ELSE 4 END;

INSERT INTO core.timeline (case_id, seq, kind, at, author, author_id, author_name, channel, conversation_id,
                           conversation_seq, text, state, payload, stamp)
SELECT case_id, seq, CASE seq WHEN 1 THEN 'opened' WHEN 3 THEN 'notice' ELSE 'message' END,
       opened_at + interval '4 seconds' * seq,
       CASE WHEN seq = 3 THEN 'system' WHEN seq = 1 OR seq % 2 = 0 THEN 'participant' ELSE 'agent' END,
       CASE WHEN seq > 3 AND seq % 2 = 1 THEN '00000000-0000-0000-0000-000000000000' END,
       CASE WHEN seq <= 2 OR seq % 2 = 0 THEN name WHEN seq > 3 THEN 'Dewi Lestari' END,
       'chat', conversation_id,
       CASE WHEN seq > 1 THEN seq - 1 END,
       CASE WHEN seq IN (1, 3) THEN '' ELSE words || ' (' || seq || ')' END,
       CASE seq WHEN 1 THEN 'new' WHEN 4 THEN 'open' END,
       CASE seq
           WHEN 1 THEN jsonb_build_object('number', number, 'participant_id', participant_id, 'topic', topic)
           WHEN 3 THEN '{"template": "received"}'
           ELSE '{}' END,
       0
FROM seed_case CROSS JOIN generate_series(1, 50) AS seq
WHERE i % 1000 = 0;
