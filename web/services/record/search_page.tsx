/** The record browser: a search put together or typed, its results as a table, page by page. */
import { Button, TextInput } from '@mantine/core';
import { useEffect, useRef, useState, type FormEvent } from 'react';
import { useSearchParams } from 'react-router';
import { useQuery } from '../../api/cache';
import { countRecord, readServed, type Served } from '../../api/record';
import { useText } from '../../app/i18n';
import { useSession } from '../../app/session';
import { useTitle } from '../../app/title';
import { Answered } from '../../ui/cards';
import { formatNumber } from '../../ui/format';
import { RecordError, RecordFrame } from './frame';
import { emptySearch, parseSearch, queryOf, textOfSearch, type ParameterKind, type Search } from './query';
import { Results } from './results';
import { SearchBuilder } from './search_builder';

/** The last search of this tab, so that the way back from a resource leads to it. In memory only: its words may be a name. */
let kept: { person: string; search: Search; asked: boolean } | undefined;

const kFirst = 'Patient';
const kCopiedMs = 2000;

export default function RecordSearchPage() {
  const t = useText();
  useTitle(t('app.nav.record'));
  const served = useQuery('fhir:metadata', readServed);
  return (
    <RecordFrame title={t('app.nav.record')}>
      <Answered query={served}>{(data) => <SearchCard served={data} />}</Answered>
    </RecordFrame>
  );
}

export const kindIn = (served: Served) => (type: string, name: string) => served.types.find((one) => one.type === type)?.parameters.find((one) => one.name === name)?.type as ParameterKind | undefined;

function SearchCard({ served }: { served: Served }) {
  const t = useText();
  const person = useSession().person.id;
  const [address, setAddress] = useSearchParams();
  const typeInAddress = address.get('type') ?? '';
  const [search, setSearch] = useState<Search>(() => {
    const before = kept?.person === person ? kept.search : undefined;
    if (before && (!typeInAddress || before.type === typeInAddress)) return before;
    return emptySearch(served.types.some((one) => one.type === typeInAddress) ? typeInAddress : kFirst);
  });
  const [asked, setAsked] = useState<Search | undefined>(() => (kept?.person === person && kept.asked && kept.search === search ? search : undefined));
  const [round, setRound] = useState(0);
  const [total, setTotal] = useState<{ of: string; count: number }>();
  const [counting, setCounting] = useState(false);
  const [failed, setFailed] = useState<unknown>();
  useEffect(() => {
    kept = { person, search: asked ?? search, asked: asked !== undefined };
  }, [person, search, asked]);
  const change = (next: Search) => {
    setSearch(next);
    setFailed(undefined);
    // Only the type: the words of the search stay out of the address.
    if (next.type !== typeInAddress) setAddress({ type: next.type }, { replace: true });
  };
  const run = (next: Search) => {
    change(next);
    setAsked(next);
    setRound((before) => before + 1);
  };
  const count = async () => {
    setCounting(true);
    setFailed(undefined);
    try {
      const query = queryOf({ ...search, sort: '', count: '' });
      setTotal({ of: textOfSearch({ ...search, sort: '', count: '' }), count: await countRecord(search.type, query) });
    } catch (cause) {
      setFailed(cause);
    } finally {
      setCounting(false);
    }
  };
  const counted = total?.of === textOfSearch({ ...search, sort: '', count: '' }) ? total.count : undefined;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    run(search);
  };
  return (
    <>
      <form className="q-card q-stack" role="search" aria-label={t('fhir.search')} onSubmit={submit}>
        <SearchBuilder served={served} search={search} onChange={change} />
        <AddressLine search={search} served={served} onChange={change} onRun={run} />
        <div className="q-actions">
          <Button type="submit">{t('fhir.search.run')}</Button>
          <Button variant="default" loading={counting} onClick={() => void count()}>
            {t('fhir.search.count')}
          </Button>
          <Button
            variant="subtle"
            onClick={() => {
              change(emptySearch(search.type));
              setAsked(undefined);
            }}
          >
            {t('fhir.search.clear')}
          </Button>
          {counted !== undefined && (
            <span role="status" data-total={counted}>
              {t('fhir.search.total', { count: counted, number: formatNumber(counted) })}
            </span>
          )}
        </div>
        {failed !== undefined && <RecordError error={failed} />}
      </form>
      {asked && <Results key={round} search={asked} />}
    </>
  );
}

/** The search as text, to copy and to type; what is typed becomes clauses again. */
function AddressLine({ search, served, onChange, onRun }: { search: Search; served: Served; onChange: (search: Search) => void; onRun: (search: Search) => void }) {
  const t = useText();
  const text = textOfSearch(search);
  const [typed, setTyped] = useState<string>();
  const [copied, setCopied] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const parsed = typed === undefined ? search : parseSearch(typed, kindIn(served));
  const known = parsed && served.types.some((one) => one.type === parsed.type) ? parsed : undefined;
  const take = () => {
    if (typed === undefined || !known) return;
    onChange(known);
    setTyped(undefined);
  };
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(`${location.origin}/fhir/${text}`);
      setCopied(true);
      setTimeout(() => setCopied(false), kCopiedMs);
    } catch {
      input.current?.select();
    }
  };
  return (
    <div className="rec-address">
      <TextInput
        ref={input}
        className="q-grow"
        classNames={{ input: 'rec-mono' }}
        label={t('fhir.search.address')}
        description={t('fhir.search.address_help')}
        value={typed ?? text}
        maxLength={16_000}
        autoComplete="off"
        spellCheck={false}
        error={known ? undefined : t('fhir.search.no_address')}
        onChange={(event) => setTyped(event.currentTarget.value)}
        onBlur={take}
        onKeyDown={(event) => {
          if (event.key !== 'Enter') return;
          event.preventDefault();
          if (!known) return;
          setTyped(undefined);
          onRun(known);
        }}
      />
      <Button variant="default" onClick={() => void copy()}>
        {t(copied ? 'app.copied' : 'app.copy')}
      </Button>
    </div>
  );
}
