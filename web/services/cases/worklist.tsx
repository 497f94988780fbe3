/** One worklist: sort and search by the server, both in the address; fresh rows come by themselves. */
import { Button, TextInput } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useParams, useSearchParams } from 'react-router';
import { useQuery } from '../../api/cache';
import { readWorklist, type WorklistRow } from '../../api/flow';
import { useText } from '../../app/i18n';
import { useTitle } from '../../app/title';
import { Answered, EmptyCard, ErrorCard } from '../../ui/cards';
import { WorklistTable } from './worklist_table';

const kPauseMs = 300;

export default function WorklistPage() {
  const { name = '' } = useParams();
  return <List key={name} name={name} />;
}

function List({ name }: { name: string }) {
  const t = useText();
  const [params, setParams] = useSearchParams();
  const sort = params.get('sort') ?? 'due';
  // A patient's name must not stand in the address: the search text lives in the page only.
  const [typed, setTyped] = useState('');
  const [q, setQ] = useState('');
  const [more, setMore] = useState<{ rows: WorklistRow[]; next?: string | null | undefined }>({ rows: [] });
  const [loadingMore, setLoadingMore] = useState(false);
  const [moreError, setMoreError] = useState<unknown>();
  const title = t(`app.list.${name}`);
  useTitle(title);
  useEffect(() => {
    const timer = setTimeout(() => setQ(typed.trim()), kPauseMs);
    return () => clearTimeout(timer);
  }, [typed]);
  const query = useQuery(`list:${name}:${sort}:${q}`, (signal) => readWorklist(name, { sort, ...(q ? { q } : {}) }, signal));
  useEffect(() => setMore({ rows: [] }), [query.at]);
  const next = more.rows.length > 0 ? more.next : query.data?.next;
  const loadMore = () => {
    if (!next) return;
    setLoadingMore(true);
    setMoreError(undefined);
    readWorklist(name, { sort, cursor: next, ...(q ? { q } : {}) })
      .then((page) => setMore((before) => ({ rows: [...before.rows, ...page.rows], next: page.next })), setMoreError)
      .finally(() => setLoadingMore(false));
  };
  return (
    <div className="q-page">
      <div className="q-between">
        <h1>{title}</h1>
        <p className="q-small q-dim q-desk-only">{t('app.list_keys')}</p>
      </div>
      <p className="q-dim">{t(`app.list_help.${name}`)}</p>
      <TextInput aria-label={t('app.list_search')} placeholder={t('app.list_search')} value={typed} maxLength={80} onChange={(event) => setTyped(event.currentTarget.value)} />
      <Answered query={query}>
        {(list) => {
          const rows = [...list.rows, ...more.rows];
          return rows.length === 0 ? (
            <EmptyCard title={q ? t('app.list_nothing_found') : t('app.list_empty')}>{q ? null : t(`app.list_empty_help.${name}`)}</EmptyCard>
          ) : (
            <>
              <WorklistTable rows={rows} sort={sort} onSort={(by) => setParams({ sort: by }, { replace: true })} />
              <p className="q-small q-dim q-num">{t('app.list_shown', { shown: rows.length, count: list.count })}</p>
            </>
          );
        }}
      </Answered>
      {moreError !== undefined && <ErrorCard error={moreError} onRetry={loadMore} />}
      {next && (
        <Button variant="default" loading={loadingMore} onClick={loadMore}>
          {t('app.more')}
        </Button>
      )}
    </div>
  );
}
