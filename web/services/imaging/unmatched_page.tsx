/** Studies that the own institution sent and that match no patient with certainty: a person decides, from the case. */
import { useText } from '../../app/i18n';
import { useTitle } from '../../app/title';
import { Answered } from '../../ui/cards';
import { formatDateTime } from '../../ui/format';
import { DicomUpload } from '../consult/dicom_upload';
import { NothingUnmatched, UnmatchedLine, useUnmatched } from '../consult/images_page';

export default function UnmatchedPage() {
  const t = useText();
  useTitle(t('app.nav.unmatched'));
  const query = useUnmatched();
  return (
    <div className="q-page q-page-narrow">
      <h1>{t('app.nav.unmatched')}</h1>
      <p className="q-dim">{t('consult.images.unmatched_explain')}</p>
      <Answered query={query}>
        {(studies) =>
          studies.length === 0 ? (
            <NothingUnmatched />
          ) : (
            <ul className="q-list q-stack">
              {studies.map((study) => (
                <li key={study.study_uid} className="q-card q-stack-tight">
                  <UnmatchedLine study={study} />
                  <span className="q-small q-dim">{t('consult.images.received', { time: formatDateTime(study.received) })}</span>
                </li>
              ))}
            </ul>
          )
        }
      </Answered>
      <section className="q-card q-stack">
        <h2>{t('consult.images.upload')}</h2>
        <DicomUpload onStudies={() => query.reload()} />
      </section>
    </div>
  );
}
